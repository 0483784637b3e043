#include <cerrno>
#include <stdexcept>
#include <utility>

#include <quire/error.h>
#include <quire/testing.h>

#include "testing/simulation.h"

namespace quire {
namespace {

using simulation::BlockBytes;

void require_inside(const BlockBytes& file, std::uint64_t offset, std::uint64_t length) {
  if (offset > file.size() || length > file.size() - offset) {
    throw std::out_of_range("damage beyond the end of a file of " + std::to_string(file.size()) +
                            " bytes");
  }
}

std::vector<std::byte> stretch_of(const BlockBytes& file, std::uint64_t offset,
                                  std::uint64_t length) {
  require_inside(file, offset, length);
  std::vector<std::byte> bytes(length);
  file.read(offset, bytes);
  return bytes;
}

void overwrite(BlockBytes& file, std::uint64_t offset, const std::vector<std::byte>& bytes) {
  require_inside(file, offset, bytes.size());
  file.write(offset, bytes);
}

}  // namespace

Damage Damage::flip_bit(std::uint64_t offset, unsigned bit) {
  Damage damage;
  damage.offset_ = offset;
  damage.mask_ = std::byte{1} << (bit % 8);
  return damage;
}

Damage Damage::fill(std::uint64_t offset, std::uint64_t length, std::byte value) {
  Damage damage;
  damage.kind_ = Kind::overwrite;
  damage.offset_ = offset;
  damage.bytes_.assign(length, value);
  return damage;
}

Damage Damage::misdirect(std::uint64_t from, std::uint64_t to, std::uint64_t length) {
  Damage damage;
  damage.kind_ = Kind::misdirect;
  damage.offset_ = from;
  damage.target_ = to;
  damage.length_ = length;
  return damage;
}

Damage Damage::stale(const SimulatedFileSystem& older, const std::string& path,
                     std::uint64_t offset, std::uint64_t length) {
  const std::vector<std::byte> content = older.content(path);
  if (offset > content.size() || length > content.size() - offset) {
    throw std::out_of_range("the older file is shorter");
  }
  const auto begin = content.begin() + static_cast<std::ptrdiff_t>(offset);
  Damage damage;
  damage.kind_ = Kind::overwrite;
  damage.offset_ = offset;
  damage.bytes_.assign(begin, begin + static_cast<std::ptrdiff_t>(length));
  return damage;
}

Damage Damage::cut(std::uint64_t size) {
  Damage damage;
  damage.kind_ = Kind::cut;
  damage.offset_ = size;
  return damage;
}

Damage Damage::replace(const SimulatedFileSystem& older, const std::string& path) {
  Damage damage;
  damage.kind_ = Kind::replace;
  damage.bytes_ = older.content(path);
  return damage;
}

void SimulatedFileSystem::damage(const std::string& path, const Damage& damage) {
  simulation_->damage(canonical(path), [&](BlockBytes& file) {
    switch (damage.kind_) {
      case Damage::Kind::flip: {
        std::vector<std::byte> byte = stretch_of(file, damage.offset_, 1);
        byte[0] ^= damage.mask_;
        return file.write(damage.offset_, byte);
      }
      case Damage::Kind::overwrite:
        return overwrite(file, damage.offset_, damage.bytes_);
      case Damage::Kind::misdirect:
        return overwrite(file, damage.target_, stretch_of(file, damage.offset_, damage.length_));
      case Damage::Kind::cut:
        require_inside(file, damage.offset_, 0);
        return file.resize(damage.offset_);
      case Damage::Kind::replace:
        file.resize(0);
        return file.write(0, damage.bytes_);
    }
  });
}

std::vector<std::byte> SimulatedFileSystem::content(const std::string& path) const {
  const simulation::Disk disk = simulation_->disk();
  const auto found = disk.names().find(path);
  if (found == disk.names().end()) throw IoError("open", path, ENOENT);
  const BlockBytes& file = disk.inode(found->second).cache;
  return stretch_of(file, 0, file.size());
}

}  // namespace quire
