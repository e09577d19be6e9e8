// Vectors of LANES floats, blocked matrices and the one product that all others are made of.
//
// The compiler's vector extensions give one source for every instruction set: LANES is 16 for
// AVX-512, 8 for AVX2 and 4 elsewhere (SSE2, NEON).
#pragma once
#include <algorithm>
#include <cstdint>
#include <initializer_list>

namespace rnnbench {

constexpr int LANES = RNNBENCH_LANES;
// Rows and vectors of a register tile: 24 sums of 32 registers, or 12 of 16.
constexpr int MOST_ROWS = LANES == 16 ? 8 : 4, MOST_VECS = 3;

typedef float Vec __attribute__((vector_size(4 * LANES), may_alias));
typedef int32_t IntVec __attribute__((vector_size(4 * LANES), may_alias));

inline Vec load(const float* p) { return *reinterpret_cast<const Vec*>(p); }
inline void store(float* p, Vec v) { *reinterpret_cast<Vec*>(p) = v; }
inline Vec splat(float x) { return x - Vec{}; }

// exp, relative error below 3e-7 from -87 to 88; smaller arguments count as -87, NaN stays NaN.
inline Vec exp(Vec x) {
  x = x < splat(-87.0f) ? splat(-87.0f) : x;
  x = x > splat(88.0f) ? splat(88.0f) : x;
  const Vec magic = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const Vec shifted = x * 1.44269504f + magic, n = shifted - magic;
  const Vec r = x - n * 0.693145752f - n * 1.42860677e-6f;  // ln 2 in two parts
  Vec p = splat(1.0f / 720);
  for (float c : {1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}) p = p * r + c;
  return p * reinterpret_cast<Vec>((reinterpret_cast<IntVec>(shifted) << 23) + 0x3f800000);
}

inline Vec sigmoid(Vec x) { return 1.0f / (1.0f + exp(-x)); }

// tanh as x P(x^2) / Q(x^2), fitted to a relative error of 2.3e-8 on [-9.1, 9.1], where tanh is 1
// in float32; rounding brings the error to below 4e-7.
inline Vec tanh(Vec x) {
  x = x < splat(-9.1f) ? splat(-9.1f) : x;
  x = x > splat(9.1f) ? splat(9.1f) : x;
  const Vec s = x * x;
  Vec p = splat(1.317768425e-08f), q = splat(7.704117400e-07f);
  for (float c : {2.048132105e-05f, 3.487820077e-03f, 1.337448314e-01f, 9.999999773e-01f})
    p = p * s + c;
  for (float c : {3.272934318e-04f, 2.584742396e-02f, 4.670779696e-01f, 1.0f}) q = q * s + c;
  return x * p / q;
}

// A matrix of `rows` x (LANES * blocks), stored block by block: element (row, column) is at
// data[(column / LANES) * stride + row * LANES + column % LANES].
struct Blocked {
  float* data;
  int64_t stride;
  float* at(int64_t block, int64_t row) const { return data + block * stride + row * LANES; }
};

// One register tile of C (+)= A B: `outer` x `inner` steps of the inner dimension.
// ByRow: A is read along the lanes of a row (inner = LANES); otherwise down the rows, so that a
// lane of A is a row of C: the product of a transposed matrix.
// ahead: what a later tile reads, fetched into the cache meanwhile, one line a step; so is C, which
// is added last.
template <int ROWS, int VECS, bool ByRow>
void tile(int64_t outer, int64_t inner, const float* a, int64_t a_outer, const float* b,
          int64_t b_vec, float* c, int64_t c_row, int64_t c_vec, bool accumulate,
          const float* ahead) {
  constexpr int A_ROW = ByRow ? LANES : 1, A_STEP = ByRow ? 1 : LANES;
  Vec sum[ROWS][VECS] = {};
  for (int i = 0; accumulate && i < ROWS; ++i)
    for (int j = 0; j < VECS; ++j) __builtin_prefetch(c + i * c_row + j * c_vec, 1);
  for (int64_t o = 0; o < outer; ++o, a += a_outer)
    for (int64_t k = 0; k < (ByRow ? LANES : inner); ++k, b += LANES, ahead += LANES) {
      __builtin_prefetch(ahead);
      Vec right[VECS];
      for (int j = 0; j < VECS; ++j) right[j] = load(b + j * b_vec);
      for (int i = 0; i < ROWS; ++i) {
        const Vec left = splat(a[i * A_ROW + k * A_STEP]);
        for (int j = 0; j < VECS; ++j) sum[i][j] += left * right[j];
      }
    }
  for (int i = 0; i < ROWS; ++i)
    for (int j = 0; j < VECS; ++j) {
      float* to = c + i * c_row + j * c_vec;
      store(to, accumulate ? load(to) + sum[i][j] : sum[i][j]);
    }
}

using Tile = void (*)(int64_t, int64_t, const float*, int64_t, const float*, int64_t, float*,
                      int64_t, int64_t, bool, const float*);

template <bool ByRow>
Tile tile_of(int rows, int vecs) {
#define ROW(r) {tile<r, 1, ByRow>, tile<r, 2, ByRow>, tile<r, 3, ByRow>}
  static constexpr Tile TILES[MOST_ROWS][MOST_VECS] = {ROW(1), ROW(2), ROW(3), ROW(4),
#if RNNBENCH_LANES == 16
                                                       ROW(5), ROW(6), ROW(7), ROW(8)
#endif
  };
#undef ROW
  return TILES[rows - 1][vecs - 1];
}

// Cut `total` into pieces of almost the same size, at most `most`: call f(first, size) for each.
template <class F>
void pieces(int64_t total, int most, F f) {
  const int64_t count = (total + most - 1) / most;
  for (int64_t i = 0, first = 0; i < count; ++i) {
    const int64_t next = total * (i + 1) / count;
    f(first, int(next - first));
    first = next;
  }
}

constexpr int64_t INNER_AT_ONCE = 256;  // steps whose three vectors of B, and the next, are in L2
constexpr int64_t ROWS_AT_ONCE = 128;   // of a transposed product: its three vectors are in L1

// C[rows, vecs] (+)= A[rows, LANES * blocks] B, where B is packed as [vecs][LANES * blocks][LANES].
inline void multiply(int64_t rows, int64_t vecs, int64_t blocks, Blocked a, const float* b,
                     int64_t b_vec, Blocked c, bool accumulate) {
  pieces(vecs, MOST_VECS, [&](int64_t v, int nv) {
    pieces(blocks, INNER_AT_ONCE / LANES, [&](int64_t k, int nk) {
      const float* from = b + v * b_vec + k * LANES * LANES;
      const float* next = k + nk < blocks ? from + nk * LANES * LANES : b + (v + nv) * b_vec;
      pieces(rows, MOST_ROWS, [&](int64_t r, int nr) {
        const int64_t vec = std::min<int64_t>(r / MOST_ROWS, nv - 1);
        tile_of<true>(nr, nv)(nk, LANES, a.at(k, r), a.stride, from, b_vec, c.at(v, r), LANES,
                              c.stride, accumulate || k > 0, next + vec * b_vec);
      });
    });
  });
}

// C[lanes, vecs] (+)= A' B over `rows` rows: A is one block of which the first `lanes` columns
// count; the block after it is read next.
inline void multiply_transposed(int64_t rows, int lanes, int64_t vecs, Blocked a, Blocked b,
                                float* c, int64_t c_row, bool accumulate) {
  pieces(lanes, MOST_ROWS, [&](int64_t m, int nm) {
    tile_of<false>(nm, int(vecs))(1, rows, a.data + m, 0, b.data, b.stride, c + m * c_row, c_row,
                                  LANES, accumulate, a.at(1, 0));
  });
}

}  // namespace rnnbench
