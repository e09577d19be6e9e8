// A weight matrix of a layer: packed for its products, its gradient, its update.
#pragma once
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "team.h"
#include "vec.h"

namespace rnnbench {

inline int64_t blocks_of(int64_t columns) { return (columns + LANES - 1) / LANES; }

inline double sum(Vec v) {
  double total = 0;
  for (int i = 0; i < LANES; ++i) total += v[i];
  return total;
}

// Zeroed memory that lives as long as its owner. It comes in whole huge pages where the system has
// them, which made steps 1 to 3 % faster.
class Memory {
 public:
  float* take(int64_t floats) {
    const size_t bytes = round_up(size_t(floats) * sizeof(float), 64);
    if (bytes > left_) open(round_up(bytes, PAGE));
    left_ -= bytes;
    return reinterpret_cast<float*>(std::exchange(next_, next_ + bytes));
  }

 private:
  static constexpr size_t PAGE = size_t(1) << 21;

  struct Free {
    void operator()(char* p) const { std::free(p); }
  };

  static size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

  void open(size_t bytes) {
    next_ = static_cast<char*>(std::aligned_alloc(PAGE, bytes));
    if (!next_) throw std::bad_alloc();
    kept_.emplace_back(next_);
#ifdef MADV_HUGEPAGE
    madvise(next_, bytes, MADV_HUGEPAGE);
#endif
    std::fill_n(next_, bytes, 0);
    left_ = bytes;
  }

  std::vector<std::unique_ptr<char, Free>> kept_;
  char* next_ = nullptr;
  size_t left_ = 0;
};

// W of torch's shape (gates * units, columns). Rows are padded to whole blocks gate by gate, and
// columns too; the padding is zero, so that no product needs to know of it.
class Matrix {
 public:
  // order[i]: which of torch's gates is the i-th of ours.
  Matrix(Memory& memory, std::vector<int> order, int64_t units, int64_t columns)
      : order_(order), units_(units), columns_(columns), unit_blocks_(blocks_of(units)),
        column_blocks_(blocks_of(columns)), row_blocks_(int64_t(order.size()) * unit_blocks_) {
    const int64_t size = row_blocks_ * column_blocks_ * LANES * LANES;
    by_row_ = memory.take(size);
    by_column_ = memory.take(size);
    grad_ = memory.take(size);
  }

  // by_row: [row block][column][lane of row], by_column: [column block][row][lane of column].
  void pack(const float* w, int worker, const Team& team) {
    team.share(worker, row_blocks_, [&](int64_t first, int64_t count) {
      for (int64_t block = first; block < first + count; ++block) pack_rows(w, block);
    });
  }

  // C[rows, our rows] += A[rows, columns] W'.
  void forward(int64_t rows, Blocked a, Blocked c) const {
    multiply(rows, row_blocks_, column_blocks_, a, by_row_, column_blocks_ * LANES * LANES, c, true);
  }

  // C[rows, columns] (+)= D[rows, our rows] W.
  void backward(int64_t rows, Blocked d, Blocked c, bool accumulate) const {
    multiply(rows, column_blocks_, row_blocks_, d, by_column_, row_blocks_ * LANES * LANES, c,
             accumulate);
  }

  // The worker's part of the gradient D' A over `rows` rows; return its sum of squares.
  double collect(int64_t rows, Blocked d, Blocked a, int worker, const Team& team) {
    double squares = 0;
    team.share(worker, row_blocks_, [&](int64_t first, int64_t count) {
      const int64_t ld = column_blocks_ * LANES;
      pieces(rows, ROWS_AT_ONCE, [&](int64_t r, int nr) {
        pieces(column_blocks_, MOST_VECS, [&](int64_t v, int nv) {
          for (int64_t m = first; m < first + count; ++m)
            multiply_transposed(nr, real_rows(m), nv, {d.at(m, r), d.stride},
                                {a.at(v, r), a.stride}, grad_ + m * LANES * ld + v * LANES, ld,
                                r > 0);
        });
      });
      // Block by block: a float sum over the millions of weights of a large vocabulary drifts.
      for (int64_t m = first; m < first + count; ++m) {
        Vec total{};
        for (float* g = grad_ + m * LANES * ld; g < grad_ + (m + 1) * LANES * ld; g += LANES)
          total += load(g) * load(g);
        squares += sum(total);
      }
    });
    return squares;
  }

  // w -= rate * (scale * gradient), the worker's part.
  void update(float* w, float scale, float rate, int worker, const Team& team) const {
    team.share(worker, row_blocks_, [&](int64_t first, int64_t count) {
      for (int64_t m = first; m < first + count; ++m)
        for (int row = 0; row < real_rows(m); ++row) {
          float* to = w + torch_row(m, row) * columns_;
          const float* grad = grad_ + (m * LANES + row) * column_blocks_ * LANES;
          for (int64_t k = 0; k < columns_; ++k) to[k] -= rate * (scale * grad[k]);
        }
    });
  }

 private:
  int real_rows(int64_t block) const {
    return int(std::min<int64_t>(LANES, units_ - block % unit_blocks_ * LANES));
  }

  int64_t torch_row(int64_t block, int row) const {
    return order_[block / unit_blocks_] * units_ + block % unit_blocks_ * LANES + row;
  }

  // Square by square, so that both of its places are in the L1 cache.
  void pack_rows(const float* w, int64_t block) {
    for (int64_t k = 0; k < column_blocks_; ++k) {
      const float* from = w + torch_row(block, 0) * columns_ + k * LANES;
      float* across = by_column_ + (k * row_blocks_ + block) * LANES * LANES;
      float* down = by_row_ + (block * column_blocks_ + k) * LANES * LANES;
      for (int row = 0; row < real_rows(block); ++row)
        std::copy_n(from + row * columns_, std::min<int64_t>(LANES, columns_ - k * LANES),
                    across + row * LANES);
      for (int column = 0; column < LANES; ++column)
        for (int row = 0; row < LANES; ++row)
          down[column * LANES + row] = across[row * LANES + column];
    }
  }

  const std::vector<int> order_;
  const int64_t units_, columns_, unit_blocks_, column_blocks_, row_blocks_;
  float *by_row_, *by_column_, *grad_;
};

}  // namespace rnnbench
