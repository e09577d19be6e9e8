// Threads that do one thing together and wait for each other.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace rnnbench {

class Team {
 public:
  // Throws std::system_error if the system starts no more threads; those that it did start end.
  explicit Team(int size) : size_(size) {
    threads_.reserve(size - 1);
    try {
      for (int worker = 1; worker < size; ++worker) threads_.emplace_back([=] { serve(worker); });
    } catch (...) {
      end();
      throw;
    }
  }

  ~Team() { end(); }

  // Call f(worker) for every worker from 0 to size - 1, the first here, and wait for all.
  template <class F>
  void run(F f) {
    if (size_ == 1) return f(0);
    what_ = &f;
    call_ = [](void* what, int worker) { (*static_cast<F*>(what))(worker); };
    start();
    f(0);
    for (int spins = 0; busy_.load(std::memory_order_acquire) > 0; ++spins)
      if (spins > SPINS) std::this_thread::yield();
  }

  // The part of `total` that is a worker's: f(first, count).
  template <class F>
  void share(int worker, int64_t total, F f) const {
    const int64_t first = total * worker / size_, last = total * (worker + 1) / size_;
    if (last > first) f(first, last - first);
  }

 private:
  static constexpr int SPINS = 2000;  // some ten microseconds, the length of a short phase

  void end() {
    call_ = nullptr;
    start();
    for (auto& thread : threads_) thread.join();
  }

  void start() {
    busy_.store(size_ - 1, std::memory_order_relaxed);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      round_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
  }

  void serve(int worker) {
    for (int64_t seen = 0;; ++seen) {
      for (int spins = 0; spins < SPINS && round_.load(std::memory_order_acquire) == seen; ++spins) {
      }
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return round_.load(std::memory_order_acquire) != seen; });
      }
      if (!call_) return;
      call_(what_, worker);
      busy_.fetch_sub(1, std::memory_order_release);
    }
  }

  const int size_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<int64_t> round_{0};
  std::atomic<int> busy_{0};
  void (*call_)(void*, int) = nullptr;
  void* what_ = nullptr;
};

}  // namespace rnnbench
