// Reading and writing with a recurrent language model: forward passes alone, in one thread.
//
// Weights are packed once, when a reader is made. All layers read a token before any reads the
// next, so that one character at a time costs what it computes. What is chosen, and how it is drawn
// from a uniform number, is what rnnbench.writing.decoders.Choice says.
#include <cmath>
#include <functional>
#include <limits>

#include "cells.h"
#include "matrix.h"

namespace rnnbench {

namespace {

struct Architecture {
  int32_t cell, layers, vocab, hidden, embedding;  // embedding 0: tokens are one-hot
};

// A weight matrix (gates * units, columns) of torch's as multiply reads it, and its product.
class Product {
 public:
  Product() = default;
  Product(Memory& memory, const float* w, const std::vector<int>& gates, int64_t units, int64_t columns)
      : vecs_(int64_t(gates.size()) * blocks_of(units)), depth_(blocks_of(columns)) {
    packed_ = memory.take(vecs_ * depth_ * LANES * LANES);
    for (int64_t v = 0; v < vecs_; ++v)
      for (int lane = 0; lane < LANES; ++lane) {
        const int64_t unit = v % blocks_of(units) * LANES + lane;
        if (unit >= units) break;
        const float* from = w + (gates[v / blocks_of(units)] * units + unit) * columns;
        float* to = packed_ + v * depth_ * LANES * LANES + lane;
        for (int64_t k = 0; k < columns; ++k) to[k * LANES] = from[k];
      }
  }

  // C += A W'.
  void add(int64_t rows, Blocked a, Blocked c) const {
    const int64_t b_vec = depth_ * LANES * LANES;
    if (rows > 1) return multiply(rows, vecs_, depth_, a, packed_, b_vec, c, true);
    pieces(vecs_, 4, [&](int64_t v, int nv) { row(nv, a, packed_ + v * b_vec, b_vec, c, v); });
  }

 private:
  // One row: two sums for each vector, as one would wait for itself.
  void row(int vecs, Blocked a, const float* b, int64_t b_vec, Blocked c, int64_t v) const {
    switch (vecs) {
      case 1: return row_of<1>(a, b, b_vec, c, v);
      case 2: return row_of<2>(a, b, b_vec, c, v);
      case 3: return row_of<3>(a, b, b_vec, c, v);
      default: return row_of<4>(a, b, b_vec, c, v);
    }
  }

  template <int VECS>
  void row_of(Blocked a, const float* b, int64_t b_vec, Blocked c, int64_t v) const {
    Vec even[VECS], odd[VECS];
    for (int j = 0; j < VECS; ++j) even[j] = load(c.at(v + j, 0)), odd[j] = Vec{};
    for (int64_t o = 0; o < depth_; ++o)
      for (int64_t k = 0; k < LANES; k += 2, b += 2 * LANES) {
        const Vec left = splat(a.at(o, 0)[k]), next = splat(a.at(o, 0)[k + 1]);
        for (int j = 0; j < VECS; ++j) even[j] += left * load(b + j * b_vec);
        for (int j = 0; j < VECS; ++j) odd[j] += next * load(b + j * b_vec + LANES);
      }
    for (int j = 0; j < VECS; ++j) store(c.at(v + j, 0), even[j] + odd[j]);
  }

  int64_t vecs_ = 0, depth_ = 0;
  float* packed_ = nullptr;
};

struct Level {
  Product w_ih, w_hh;
  float* inputs;     // first layer of one-hot tokens: [token][slot][unit]; else [slot][unit]
  float* own;        // of IndRNN: the diagonal of W_hh
  Blocked h{}, c{};  // the state of each row
};

class Reader {
 public:
  // Weights: the table (vocab, embedding) if there is one, w_ih, w_hh, b_ih, b_hh of each layer, as
  // torch.nn has them, W and b of the output. The w_hh and b_hh that a cell lacks are not read.
  Reader(const Architecture& a, const float* const* w)
      : a_(a), kind_(KINDS[a.cell]), blocks_(blocks_of(a.hidden)), outs_(blocks_of(a.vocab)),
        table_(a.embedding ? *w++ : nullptr), layers_(a.layers), logits_(a.vocab), reached_(a.vocab) {
    if (table_) {
      float* kept = weights_.take(int64_t(a.vocab) * a.embedding);
      std::copy_n(table_, int64_t(a.vocab) * a.embedding, kept);
      table_ = kept;
    }
    std::vector<int> order(kind_.slots - kind_.inputs_first);
    for (size_t i = 0; i < order.size(); ++i) order[i] = int(i);
    for (int i = 0; i < a.layers; ++i, w += 4) {
      const int64_t width = i ? a.hidden : a.embedding;  // 0: one-hot tokens
      if (width) layers_[i].w_ih = Product(weights_, w[0], order, a.hidden, width);
      if (kind_.hidden.size())
        layers_[i].w_hh = Product(weights_, w[1], kind_.hidden, a.hidden, a.hidden);
      layers_[i].own = weights_.take(blocks_ * LANES);
      if (kind_.own) std::copy_n(w[1], a.hidden, layers_[i].own);
      layers_[i].inputs = inputs(w, width ? 1 : a.vocab, !width);
    }
    w_out_ = Product(weights_, w[0], {0}, a.vocab, a.hidden);
    b_out_ = weights_.take(outs_ * LANES);
    std::copy_n(w[1], a.vocab, b_out_);
    for (int i = 0; i < LANES; ++i) last_unit_[i] = i < a.hidden - (blocks_ - 1) * LANES ? -1 : 0;
  }

  // See rnnbench_read.
  bool read(int64_t T, int64_t B, const int64_t* x, const float* state, float* end, int64_t told,
            float* logits) {
    for (int64_t i = 0; i < T * B; ++i)
      if (x[i] < 0 || x[i] >= a_.vocab) return false;
    begin(B, state);
    for (int64_t t = 0; t < T; ++t) {
      advance(x + t * B);
      if (t < T - told) continue;
      output();
      for (int64_t b = 0; b < B; ++b, logits += a_.vocab)
        for (int64_t v = 0; v < a_.vocab; ++v) logits[v] = out_.at(v / LANES, b)[v % LANES];
    }
    each_state([&](float* here, int64_t at) { end[at] = *here; });
    return true;
  }

  // See rnnbench_write.
  void write(int64_t count, int64_t B, const double* logits, const float* state, double alpha,
             int64_t k, const double* uniforms, int64_t* written) {
    begin(B, state);
    for (int64_t i = 0; i < count; ++i, written += B) {
      for (int64_t b = 0; b < B; ++b) {
        const double* row = i ? told(b) : logits + b * a_.vocab;
        written[b] = choose(row, alpha, k, uniforms[i * B + b]);
      }
      if (i + 1 == count) return;
      advance(written);
      output();
    }
  }

 private:
  // What the slots hold before any product: biases, and the column of each one-hot token.
  float* inputs(const float* const* w, int64_t tokens, bool one_hot) {
    float* found = weights_.take(tokens * kind_.slots * blocks_ * LANES);
    for (int slot = 0; slot < kind_.slots; ++slot)
      for (int64_t unit = 0; unit < a_.hidden; ++unit) {
        const int64_t in = slot - kind_.inputs_first, row = in * a_.hidden + unit;
        float b = in >= 0 ? w[2][row] : 0.0f;
        if (slot < int(kind_.hidden.size())) b += w[3][kind_.hidden[slot] * a_.hidden + unit];
        float* to = found + (slot * blocks_ + unit / LANES) * LANES + unit % LANES;
        for (int64_t v = 0; v < tokens; ++v, to += kind_.slots * blocks_ * LANES)
          *to = b + (one_hot && in >= 0 ? w[0][row * tokens + v] : 0.0f);
      }
    return found;
  }

  // f(where it is, its place in (parts, layers, B, hidden)) for each number of the state.
  template <class F>
  void each_state(F f) {
    int64_t at = 0;
    for (int part = 0; part < kind_.parts; ++part)
      for (auto& layer : layers_)
        for (int64_t b = 0; b < B_; ++b)
          for (int64_t u = 0; u < a_.hidden; ++u, ++at)
            f((part ? layer.c : layer.h).at(u / LANES, b) + u % LANES, at);
  }

  void begin(int64_t B, const float* state) {
    if (B != B_) {
      rows_ = Memory();
      auto take = [&](int64_t blocks) { return Blocked{rows_.take(blocks * B * LANES), B * LANES}; };
      for (auto& layer : layers_) layer.h = take(blocks_), layer.c = take(blocks_);
      gates_ = take(kind_.slots * blocks_), tanh_c_ = take(blocks_), out_ = take(outs_);
      if (table_) embedded_ = take(blocks_of(a_.embedding));
      B_ = B;
    }
    each_state([&](float* here, int64_t at) { *here = state ? state[at] : 0.0f; });
  }

  // All layers read one token of each row.
  void advance(const int64_t* x) {
    for (int64_t b = 0; table_ && b < B_; ++b)
      for (int64_t e = 0; e < a_.embedding; ++e)
        embedded_.at(e / LANES, b)[e % LANES] = table_[x[b] * a_.embedding + e];
    const int64_t all = kind_.slots * blocks_;
    for (int i = 0; i < a_.layers; ++i) {
      Level& l = layers_[i];
      const bool one_hot = i == 0 && !table_;
      for (int64_t b = 0; b < B_; ++b)
        for (int64_t k = 0; k < all; ++k)
          store(gates_.at(k, b), load(l.inputs + ((one_hot ? x[b] * all : 0) + k) * LANES));
      const Blocked side{gates_.at(kind_.inputs_first * blocks_, 0), gates_.stride};
      if (!one_hot) l.w_ih.add(B_, i ? layers_[i - 1].h : embedded_, side);
      l.w_hh.add(B_, l.h, gates_);
      kind_.forward(
          {gates_, l.h, l.h, l.c, l.c, tanh_c_, {}, {}, {}, blocks_, B_, last_unit_, l.own});
    }
  }

  void output() {
    for (int64_t k = 0; k < outs_; ++k)
      for (int64_t b = 0; b < B_; ++b) store(out_.at(k, b), load(b_out_ + k * LANES));
    w_out_.add(B_, layers_.back().h, out_);
  }

  // The logits of a row; not a number counts as the least of all, as in Python.
  const double* told(int64_t b) {
    for (int64_t v = 0; v < a_.vocab; ++v) {
      const double x = out_.at(v / LANES, b)[v % LANES];
      logits_[v] = x >= -HUGE_LOGIT ? std::min(x, HUGE_LOGIT) : -HUGE_LOGIT;
    }
    return logits_.data();
  }

  // A token of q ∝ P^alpha among the k most probable; of equals, the first are among them.
  int64_t choose(const double* logits, double alpha, int64_t k, double uniform) {
    const int64_t V = a_.vocab, first = std::max_element(logits, logits + V) - logits;
    if (k == 1) return first;
    double least = -std::numeric_limits<double>::infinity();
    int64_t at_least = V;
    if (k < V) {
      reached_.assign(logits, logits + V);
      std::nth_element(reached_.begin(), reached_.begin() + (k - 1), reached_.end(), std::greater<>());
      least = reached_[k - 1];
      at_least = k - std::count_if(logits, logits + V, [&](double x) { return x > least; });
    }
    double total = 0;
    for (int64_t v = 0; v < V; ++v) {
      const double gap = logits[v] - logits[first];
      const bool kept = logits[v] > least || (logits[v] == least && at_least-- > 0);
      total += kept ? (gap < 0 ? std::exp(alpha * gap) : 1.0) : 0.0;
      reached_[v] = total;
    }
    int64_t token = 0;
    while (reached_[token] / total <= uniform) ++token;
    return token;
  }

  static constexpr double HUGE_LOGIT = 1e300;
  const Architecture a_;
  const Kind& kind_;
  const int64_t blocks_, outs_;
  const float* table_;
  std::vector<Level> layers_;
  Memory weights_, rows_;
  Product w_out_;
  float* b_out_;
  IntVec last_unit_;
  int64_t B_ = 0;
  Blocked gates_, tanh_c_, out_, embedded_;
  std::vector<double> logits_, reached_;
};

}  // namespace
}  // namespace rnnbench

#define EXPORT extern "C" __attribute__((visibility("default")))

// Make a reader of weights, which it copies. Returns 0, or 1 if there is no memory for it.
EXPORT int rnnbench_open_reader(const rnnbench::Architecture* a, const float* const* weights,
                                void** reader) try {
  *reader = new rnnbench::Reader(*a, weights);
  return 0;
} catch (const std::exception&) {
  return 1;
}

EXPORT void rnnbench_close_reader(void* reader) { delete static_cast<rnnbench::Reader*>(reader); }

// Read tokens x (T, B) from a state (parts, layers, B, hidden), null for zeros, to another. logits:
// those after the last `told` tokens, (told, B, vocab). Returns 0, 1 if there is no memory for it,
// or 2 for a token outside the vocabulary, with nothing changed.
EXPORT int rnnbench_read(void* reader, int64_t T, int64_t B, const int64_t* x, const float* state,
                         float* end, int64_t told, float* logits) try {
  return static_cast<rnnbench::Reader*>(reader)->read(T, B, x, state, end, told, logits) ? 0 : 2;
} catch (const std::exception&) {
  return 1;
}

// Choose `count` tokens of each row one after the other, the first by finite logits (B, vocab), and
// read each from a state as rnnbench_read has it. uniforms and written: (count, B).
EXPORT int rnnbench_write(void* reader, int64_t count, int64_t B, const double* logits,
                          const float* state, double alpha, int64_t k, const double* uniforms,
                          int64_t* written) try {
  static_cast<rnnbench::Reader*>(reader)->write(count, B, logits, state, alpha, k, uniforms, written);
  return 0;
} catch (const std::exception&) {
  return 1;
}
