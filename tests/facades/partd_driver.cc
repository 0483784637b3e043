// Does to a partd what partd_oracle.py says, a line each on standard input; answers with a line each.
// Keys and values are hexadecimal, "-" if they are empty.
//
//     partd_driver FILE CODEC_NUMBER BUFFER_SIZE

#include <quire/quire.h>

#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using quire::ByteView;
using quire::Partd;

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string to_hex(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const std::byte byte : bytes) {
    hex += kDigits[std::to_integer<unsigned>(byte) >> 4];
    hex += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return hex.empty() ? "-" : hex;
}

class Driver {
 public:
  Driver(const std::string& path, const quire::PartdOptions& options)
      : database_(quire::Database::open(path)), options_(options) {}

  std::string answer(const std::string& line) {
    std::istringstream words(line);
    std::string operation;
    words >> operation;
    std::vector<std::string> arguments;
    for (std::string word; words >> word;) arguments.push_back(from_hex(word));
    if (operation == "commit") return commit();
    return in_transaction(operation, arguments);
  }
  void close() { database_.close(); }

 private:
  std::string commit() {
    if (transaction_) transaction_->commit();
    transaction_.reset();
    return "ok";
  }

  std::string in_transaction(const std::string& operation,
                             const std::vector<std::string>& arguments) {
    if (!transaction_) transaction_ = database_.begin();
    auto partd = transaction_->open<Partd>("p", options_);
    if (operation == "append") return append(partd, arguments);
    if (operation == "get") return to_hex(partd.get(arguments.at(0)));
    if (operation == "iset") return partd.iset(arguments.at(0), arguments.at(1)) ? "1" : "0";
    if (operation == "erase") return partd.erase(arguments.at(0)) ? "1" : "0";
    if (operation == "size") return std::to_string(partd.size());
    if (operation == "clear") return partd.clear(), "ok";
    throw std::invalid_argument("no operation " + operation);
  }

  static std::string append(Partd& partd, const std::vector<std::string>& arguments) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
      pairs.emplace_back(arguments[i], arguments[i + 1]);
    }
    partd.append(pairs);
    return "ok";
  }

  quire::Database database_;
  quire::PartdOptions options_;
  std::optional<quire::Transaction> transaction_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    Driver driver(arguments.at(0), {.codec = static_cast<quire::Codec>(std::stoi(arguments.at(1))),
                                    .buffer_size = std::stoul(arguments.at(2))});
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << driver.answer(line) << std::endl;
    }
    driver.close();
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
