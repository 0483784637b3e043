#pragma once

#include <mutex>

// Clang's thread-safety analysis (https://clang.llvm.org/docs/ThreadSafetyAnalysis.html): the
// annotations say what a mutex guards, and clang refuses code that touches it unlocked. Other
// compilers see nothing.
#if defined(__clang__)
#define QUIRE_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define QUIRE_THREAD_ATTRIBUTE(x)
#endif

#define QUIRE_GUARDED_BY(mutex) QUIRE_THREAD_ATTRIBUTE(guarded_by(mutex))
#define QUIRE_REQUIRES(...) QUIRE_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define QUIRE_EXCLUDES(...) QUIRE_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
/// For a function that is called with the mutex held, where the analysis cannot follow.
#define QUIRE_NO_ANALYSIS QUIRE_THREAD_ATTRIBUTE(no_thread_safety_analysis)

namespace quire {

/// std::mutex with annotations. Ranks of all mutexes stand in docs/architecture.md.
class QUIRE_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() QUIRE_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  bool try_lock() QUIRE_THREAD_ATTRIBUTE(try_acquire_capability(true)) { return mutex_.try_lock(); }
  void unlock() QUIRE_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex from construction to destruction.
class QUIRE_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) QUIRE_THREAD_ATTRIBUTE(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock();
  }
  /// The caller has locked it.
  MutexLock(Mutex& mutex, std::adopt_lock_t) QUIRE_REQUIRES(mutex) : mutex_(mutex) {}
  ~MutexLock() QUIRE_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace quire
