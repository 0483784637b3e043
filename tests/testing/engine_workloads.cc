// The workloads that crashes and errors are tried on. Each is short, because it is cut everywhere;
// together they use everything that changes pages in its own way.

#include <utility>

#include "tests/testing/engine_workload.h"

namespace quire {
namespace {

using After = EngineWorkload::After;
using Fate = ModelledTransaction::Fate;

/// `count` bytes that tell which step wrote them.
std::string stamp(std::size_t count, std::size_t number) {
  std::string text;
  while (text.size() < count) {
    text += "<" + std::to_string(number) + "@" + std::to_string(text.size()) + ">";
  }
  text.resize(count);
  return text;
}

EngineWorkload small_commits() {
  EngineWorkload workload;
  for (std::size_t number = 1; number <= 6; ++number) {
    workload.step([number](ModelledTransaction& change) {
      change.put("table", "key " + std::to_string(number % 4), stamp(30, number));
      change.write("blob", 100 * number, stamp(150, number));
    });
  }
  return workload;
}

EngineWorkload overwrites_and_checkpoints() {
  EngineWorkload workload;
  for (std::size_t number = 1; number <= 6; ++number) {
    workload.step(
        [number](ModelledTransaction& change) {
          change.write("blob", 0, stamp(9000, number));
          change.put("table", "key", stamp(1500, number));
        },
        number % 2 == 0 ? After::checkpoint : After::nothing);
  }
  return workload;
}

EngineWorkload large_commits() {
  EngineWorkload workload;
  workload.step([](ModelledTransaction& change) { change.write("blob", 0, stamp(10, 1)); });
  workload.step([](ModelledTransaction& change) { change.write("blob", 5, stamp(150'000, 2)); });
  workload.step([](ModelledTransaction& change) { change.write("blob", 70'000, stamp(9, 3)); },
                After::checkpoint);
  workload.step([](ModelledTransaction& change) { change.write("other", 0, stamp(140'000, 4)); });
  return workload;
}

EngineWorkload closes_and_reopens() {
  EngineWorkload workload;
  for (std::size_t number = 1; number <= 4; ++number) {
    workload.step(
        [number](ModelledTransaction& change) {
          change.put("table", "key " + std::to_string(number), stamp(500, number));
        },
        After::reopen);
  }
  workload.step([](ModelledTransaction& change) { change.put("table", "last", stamp(9, 5)); });
  return workload;
}

EngineWorkload drops_and_rollbacks() {
  EngineWorkload workload;
  const auto fill = [](std::size_t number) {
    return [number](ModelledTransaction& change) {
      change.write("blob", 0, stamp(20'000, number));
      for (std::size_t key = 0; key < 60; ++key) {
        change.put("table", stamp(20, key), stamp(100, key + number));
      }
    };
  };
  workload.rolled_back_step(fill(1));
  workload.rolled_back_step([](ModelledTransaction& change) { change.drop("table"); },
                            After::checkpoint);
  workload.rolled_back_step(fill(3));
  workload.step([](ModelledTransaction& change) {
    change.drop("blob");
    change.erase("table", stamp(20, 7));
  });
  workload.rolled_back_step(fill(5), After::reopen);
  workload.step([](ModelledTransaction& change) { change.resize("blob", 3000); });
  return workload;
}

/// Leaves that split and merge, at both ends and in the middle, and items of several pages.
EngineWorkload lists() {
  EngineWorkload workload;
  workload.step([](ModelledTransaction& change) {
    for (std::size_t item = 0; item < 40; ++item) change.push_back("list", stamp(400, item));
  });
  workload.step([](ModelledTransaction& change) {
    change.insert("list", 20, stamp(9000, 2));
    change.insert("list", 0, stamp(50, 2));
  });
  workload.step([](ModelledTransaction& change) { change.set("list", 21, stamp(9000, 3)); },
                After::checkpoint);
  workload.step([](ModelledTransaction& change) { change.erase("list", 5, 25); });
  workload.step([](ModelledTransaction& change) {
    change.erase("list", 0, 16);
    change.push_back("list", stamp(10, 5));
  });
  return workload;
}

/// What a power cut may take back, what it may not, and all the ways to make the one the other.
EngineWorkload relaxed_and_immediate() {
  EngineWorkload workload;
  const auto change = [](std::size_t number) {
    return [number](ModelledTransaction& transaction) {
      transaction.put("table", "key " + std::to_string(number % 3), stamp(40, number));
      transaction.push_back("list", stamp(1200, number));
    };
  };
  workload.relaxed_step(change(1));
  workload.relaxed_step(change(2));
  workload.step(change(3));
  workload.relaxed_step(change(4));
  workload.relaxed_step(change(5), After::sync);
  workload.relaxed_step(change(6));
  workload.relaxed_step(change(7), After::checkpoint);
  workload.relaxed_step(change(8), After::reopen);
  workload.relaxed_step(change(9));
  return workload;
}

EngineWorkload savepoints() {
  EngineWorkload workload;
  const auto fill = [](std::size_t number) {
    return [number](ModelledTransaction& change) {
      change.write("blob", 2000, stamp(12'000, number));
      change.put("table", "key", stamp(900, number));
      change.push_back("list", stamp(30, number));
    };
  };
  const auto nested = [fill](std::size_t number, Fate inner, Fate outer) {
    return [=](ModelledTransaction& change) {
      change.push_back("list", stamp(20, 10 * number));
      change.under_savepoint(
          [=](ModelledTransaction& change_inside) {
            change_inside.resize("blob", 1000 * number);
            change_inside.under_savepoint(fill(10 * number + 1), inner);
            change_inside.drop("table");
          },
          outer);
      change.put("table", "last", stamp(20, 10 * number + 2));
    };
  };
  workload.step(fill(1));
  workload.step(nested(2, Fate::rolled_back, Fate::released));
  workload.step(nested(3, Fate::released, Fate::rolled_back), After::checkpoint);
  workload.step(nested(4, Fate::rolled_back, Fate::rolled_back));
  workload.rolled_back_step(nested(5, Fate::released, Fate::released));
  return workload;
}

EngineWorkload composites() {
  EngineWorkload workload;
  workload.step([](ModelledTransaction& change) {
    change.put_in_bag("bag", "stone", stamp(300, 1));
    change.put_in_bag("bag", "stick", stamp(5000, 1));
  });
  workload.step([](ModelledTransaction& change) { change.rename("bag", "sack"); });
  workload.rolled_back_step(
      [](ModelledTransaction& change) {
        change.put_in_bag("bag", "string", stamp(20, 3));
        change.put_in_bag("sack", "stone", stamp(20, 3));
      },
      After::checkpoint);
  workload.step([](ModelledTransaction& change) { change.drop("sack"); });
  workload.step([](ModelledTransaction& change) {
    change.rename("bag", "sack");
    change.put_in_bag("bag", "new", stamp(20, 5));
  });
  return workload;
}

/// Large collections go, of each kind, and with them the end of the file; then it grows again.
EngineWorkload shrinks_and_regrows() {
  EngineWorkload workload;
  workload.step(
      [](ModelledTransaction& change) {
        change.write("small", 0, stamp(100, 1));
        change.write("blob", 0, stamp(60'000, 1));
        for (std::size_t number = 0; number < 80; ++number) {
          change.put("table", stamp(20, number), stamp(600, number));
          change.push_back("list", stamp(600, number));
        }
      },
      After::checkpoint);
  workload.step([](ModelledTransaction& change) { change.drop("table"); });
  workload.step([](ModelledTransaction& change) { change.resize("blob", 5000); },
                After::checkpoint);
  workload.step(
      [](ModelledTransaction& change) {
        change.drop("list");
        change.drop("blob");
      },
      After::reopen);
  workload.step([](ModelledTransaction& change) { change.write("blob", 0, stamp(40'000, 5)); },
                After::checkpoint);
  return workload;
}

/// So few frames that the reaper frees 4 pages a step, and commits of more than 8 go out in chunks.
Options tiny_cache() {
  Options options = torture::small_options();
  options.cache_size = std::size_t{64} << 10;
  return options;
}

/// Drops that take several steps, two at once, of a composite, and under a savepoint.
EngineWorkload drops_in_steps() {
  EngineWorkload workload(tiny_cache());
  workload.step([](ModelledTransaction& change) {
    change.write("one", 0, stamp(40'000, 1));
    change.write("two", 0, stamp(30'000, 1));
    for (std::size_t number = 0; number < 8; ++number) {
      change.put_in_bag("bag", stamp(10, number), stamp(3000, number));
    }
  });
  workload.rolled_back_step([](ModelledTransaction& change) {
    change.drop("one");
    change.drop("two");
  });
  workload.step(
      [](ModelledTransaction& change) {
        change.write("one", 0, stamp(100, 3));
        change.under_savepoint([](ModelledTransaction& inside) { inside.drop("bag"); },
                               Fate::rolled_back);
      },
      After::reopen);
  workload.relaxed_step([](ModelledTransaction& change) { change.drop("bag"); });
  workload.step([](ModelledTransaction& change) { change.write("one", 50, stamp(100, 5)); },
                After::checkpoint);
  return workload;
}

/// The end of the file is cut off, grown over again, and cut off once more as it is closed.
EngineWorkload cuts_and_regrows() {
  EngineWorkload workload;
  workload.step([](ModelledTransaction& change) {
    change.put("table", "key", stamp(30, 1));
    change.write("blob", 0, stamp(60'000, 1));
  });
  workload.step([](ModelledTransaction& change) { change.drop("blob"); }, After::checkpoint);
  workload.step([](ModelledTransaction& change) { change.write("blob", 0, stamp(50'000, 3)); });
  workload.step([](ModelledTransaction& change) { change.resize("blob", 10); }, After::checkpoint);
  workload.step([](ModelledTransaction& change) { change.write("blob", 10, stamp(40'000, 5)); });
  workload.step(
      [](ModelledTransaction& change) {
        change.drop("blob");
        change.put("table", "key", stamp(30, 6));
      },
      After::reopen);
  workload.step([](ModelledTransaction& change) { change.write("blob", 0, stamp(9000, 7)); });
  return workload;
}

/// With so few frames, a commit of more than 8 pages writes its chunks ahead (rule L3).
EngineWorkload commits_in_chunks() {
  EngineWorkload workload(tiny_cache());
  workload.step([](ModelledTransaction& change) { change.write("blob", 0, stamp(10, 1)); });
  workload.step([](ModelledTransaction& change) { change.write("blob", 9, stamp(100'000, 2)); });
  workload.relaxed_step(
      [](ModelledTransaction& change) { change.write("other", 0, stamp(80'000, 3)); });
  workload.step([](ModelledTransaction& change) { change.write("blob", 0, stamp(10, 4)); });
  return workload;
}

/// Page by page, so that free pages are used wherever they lie.
void write_in_parts(ModelledTransaction& change, const std::string& blob, std::size_t parts,
                    std::size_t number) {
  for (std::size_t part = 0; part < parts; ++part) {
    change.write(blob, part * 4096, stamp(4096, number + part));
  }
}

/// Transactions of more pages than there are frames: early pages, in room that is new, that an
/// unsynced commit has freed, and that a rollback leaves (rule S2).
EngineWorkload early_pages() {
  EngineWorkload workload(tiny_cache());
  workload.step([](ModelledTransaction& change) { change.write("old", 0, stamp(40'000, 1)); });
  workload.relaxed_step([](ModelledTransaction& change) { change.resize("old", 9); });
  workload.rolled_back_step(
      [](ModelledTransaction& change) { write_in_parts(change, "blob", 36, 3); });
  workload.step([](ModelledTransaction& change) { change.resize("blob", 5); }, After::checkpoint);
  workload.relaxed_step(
      [](ModelledTransaction& change) { change.write("blob", 1000, stamp(140'000, 5)); });
  workload.step([](ModelledTransaction& change) { change.write("small", 0, stamp(30, 6)); });
  return workload;
}

/// Early pages in the place of pages whose records are still in the log, and must not be replayed over
/// them (rule L5): no checkpoint comes in between, because little is unsaved.
EngineWorkload early_pages_over_old_records() {
  Options options = torture::small_options();
  options.cache_size = std::size_t{128} << 10;
  EngineWorkload workload(options);
  workload.step([](ModelledTransaction& change) { change.write("old", 0, stamp(12'000, 1)); });
  workload.step([](ModelledTransaction& change) { change.resize("old", 9); });
  workload.step([](ModelledTransaction& change) { write_in_parts(change, "blob", 60, 3); });
  workload.relaxed_step([](ModelledTransaction& change) { change.write("blob", 0, stamp(9, 4)); });
  return workload;
}

/// The same with tables and lists, whose pages are read back and written again, under savepoints.
EngineWorkload early_pages_of_each_kind() {
  EngineWorkload workload(tiny_cache());
  const auto fill = [](std::size_t number) {
    return [number](ModelledTransaction& change) {
      for (std::size_t key = 0; key < 70; ++key) {
        change.put("table", "key " + std::to_string(key * number % 90), stamp(700, key + number));
      }
      for (std::size_t item = 0; item < 30; ++item) {
        change.insert("list", item / 2, stamp(600, item + number));
      }
    };
  };
  const auto under_savepoints = [fill](Fate inner, Fate outer) {
    return [=](ModelledTransaction& change) {
      fill(5)(change);
      change.under_savepoint(
          [=](ModelledTransaction& inside) {
            inside.write("blob", 0, stamp(50'000, 6));
            inside.under_savepoint(
                [=](ModelledTransaction& innermost) {
                  fill(7)(innermost);
                  innermost.resize("blob", 20'000);
                },
                inner);
            inside.drop("list");
          },
          outer);
    };
  };
  workload.step(fill(1));
  workload.step(under_savepoints(Fate::rolled_back, Fate::released), After::checkpoint);
  workload.step([](ModelledTransaction& change) { change.drop("table"); });
  workload.step(under_savepoints(Fate::released, Fate::rolled_back));
  return workload;
}

}  // namespace

const std::map<std::string, EngineWorkload>& engine_workloads() {
  static const std::map<std::string, EngineWorkload> workloads{
      {"SmallCommits", small_commits()},
      {"OverwritesAndCheckpoints", overwrites_and_checkpoints()},
      {"LargeCommits", large_commits()},
      {"ClosesAndReopens", closes_and_reopens()},
      {"DropsAndRollbacks", drops_and_rollbacks()},
      {"Lists", lists()},
      {"RelaxedAndImmediate", relaxed_and_immediate()},
      {"Savepoints", savepoints()},
      {"Composites", composites()},
      {"ShrinksAndRegrows", shrinks_and_regrows()},
      {"CommitsInChunks", commits_in_chunks()},
      {"DropsInSteps", drops_in_steps()},
      {"CutsAndRegrows", cuts_and_regrows()},
      {"EarlyPages", early_pages()},
      {"EarlyPagesOfEachKind", early_pages_of_each_kind()},
      {"EarlyPagesOverOldRecords", early_pages_over_old_records()},
  };
  return workloads;
}

}  // namespace quire
