// A training step of a recurrent language model over one-hot tokens or their embeddings: forward,
// softmax cross-entropy, backpropagation through time, clipping by the global norm, descent.
//
// Weights stay where torch keeps them: they are packed anew in every step (a pass over them against
// T * B passes in the products) and updated in place. Rows of the activations are t * B + b.
// One shared library per instruction set is made of this file; LANES tells them apart.
#include <cmath>
#include <cstring>

#include "cells.h"
#include "matrix.h"
#include "team.h"

namespace rnnbench {

struct Sizes {
  int32_t cell, layers, vocab, hidden, steps, batch, threads;
  int32_t biases;  // that are trained: b_ih and b_hh, or b_ih alone
  int32_t embedding;  // numbers per token that the first layer reads; 0: it reads one-hot vectors
};

// One recurrent layer: its activations of all steps, its weights, its gradients.
struct Layer {
  // columns: numbers that it reads in a step, 0 if one-hot vectors.
  Layer(Memory& memory, const Sizes& s, int64_t columns, int64_t stride)
      : kind(KINDS[s.cell]), slots(kind.slots), blocks(blocks_of(s.hidden)), vocab(s.vocab),
        w_hh(memory, kind.hidden, s.hidden, s.hidden) {
    auto take = [&](int64_t n) { return Blocked{memory.take(n * stride), stride}; };
    gates = take(slots * blocks);
    h = take(blocks);
    if (kind.parts == 2) c = take(blocks), tanh_c = take(blocks);
    if (kind.own) own = memory.take(blocks * LANES), d_own = memory.take(blocks * LANES);
    bias = memory.take(slots * blocks * LANES);
    d_bias = memory.take(slots * blocks * LANES);
    std::vector<int> order(slots - kind.inputs_first);
    for (size_t i = 0; i < order.size(); ++i) order[i] = int(i);
    if (columns == 0) {
      table = memory.take(slots * blocks * vocab * LANES);
      d_table = memory.take(slots * blocks * vocab * LANES);
    } else {
      w_ih = std::make_unique<Matrix>(memory, order, s.hidden, columns);
    }
    left = take(blocks);
  }

  Blocked input_side(int64_t row) const { return {gates.at(kind.inputs_first * blocks, row), gates.stride}; }
  Blocked hidden_side(int64_t row) const { return {gates.at(0, row), gates.stride}; }
  int64_t num_gates() const { return int64_t(kind.hidden.size()); }  // that read states

  const Kind& kind;
  const int64_t slots, blocks, vocab;
  Blocked gates, h, c, tanh_c;  // h and c: row 0 to B - 1 hold the state before the first step
  Blocked left;                 // what dropout leaves of the outputs
  float *bias, *d_bias;         // [slot][unit]
  float *own = nullptr, *d_own = nullptr;      // of IndRNN: the diagonal of W_hh
  float *table = nullptr, *d_table = nullptr;  // of one-hot vectors: [slot][block][token][lane]
  Matrix w_hh;
  std::unique_ptr<Matrix> w_ih;  // of other inputs
};

class Model {
 public:
  explicit Model(const Sizes& s)
      : s_(s), T_(s.steps), B_(s.batch), rows_(T_ * B_), stride_(padded_stride(s)),
        blocks_(blocks_of(s.hidden)), team_(s.threads), w_out_(memory_, {0}, s.vocab, s.hidden),
        squares_(s.threads), losses_(s.threads) {
    for (int i = 0; i < s.layers; ++i)
      layers_.push_back(std::make_unique<Layer>(memory_, s, i ? s.hidden : s.embedding, stride_));
    auto take = [&](int64_t n) { return Blocked{memory_.take(n * stride_), stride_}; };
    logits_ = take(blocks_of(s.vocab));
    dh_ = take(blocks_);
    dc_ = {memory_.take(blocks_ * B_ * LANES), B_ * LANES};
    if (s.embedding) {
      embedded_ = take(blocks_of(s.embedding)), d_embedded_ = take(blocks_of(s.embedding));
      d_symbols_ = {memory_.take(blocks_of(s.embedding) * s.vocab * LANES), s.vocab * LANES};
      last_row_.resize(s.vocab);
    }
    b_out_ = memory_.take(blocks_of(s.vocab) * LANES);
    d_b_out_ = memory_.take(blocks_of(s.vocab) * LANES);
    for (int i = 0; i < LANES; ++i) {
      last_unit_[i] = i < s.hidden - (blocks_ - 1) * LANES ? -1 : 0;
      last_token_[i] = i < s.vocab - (blocks_of(s.vocab) - 1) * LANES ? -1 : 0;
    }
  }

  // See rnnbench_step.
  bool step(float* const* w, float* const* to, const int64_t* x, const int64_t* y, const float* masks,
            const float* const* state, float* const* end, double clip_norm, double learning_rate,
            float* result) {
    for (int64_t i = 0; i < rows_; ++i)
      if (x[i] < 0 || x[i] >= s_.vocab || y[i] < 0 || y[i] >= s_.vocab) return false;
    x_ = x, y_ = y, masks_ = masks;
    for (int64_t i = 0; s_.embedding && i < rows_; ++i) last_row_[x[i]] = i;
    team_.run([&](int worker) { pack(w, worker); });
    begin(state);
    for (int i = 0; i < s_.layers; ++i) forward_layer(i);
    finish(end);
    team_.run([&](int worker) { output(worker); });
    for (int i = s_.layers - 1; i >= 0; --i) backward_layer(i);
    team_.run([&](int worker) { squares_[worker] = collect(worker); });
    double loss = 0, squares = 0;
    for (int i = 0; i < s_.threads; ++i) loss += losses_[i], squares += squares_[i];
    const float norm = float(std::sqrt(squares)), clip = float(clip_norm);
    const float scale = norm > clip ? clip / norm : 1.0f;
    team_.run([&](int worker) { update(to, scale, float(learning_rate), worker); });
    result[0] = float(loss / double(rows_));
    result[1] = norm;
    return true;
  }

 private:
  // Room for one state more than steps; B rows of one block follow those of the block before in
  // the cache's sets, so that a step's rows of all blocks do not evict each other.
  static int64_t padded_stride(const Sizes& s) {
    const int64_t page = 4096 / (4 * LANES), rows = int64_t(s.steps + 1) * s.batch;
    return (rows + ((s.batch - rows) % page + page) % page) * LANES;
  }

  static Blocked from(Blocked m, int64_t row) { return {m.at(0, row), m.stride}; }

  // The embeddings, if there are any; weights of layer i: W_ih, W_hh, b_ih, b_hh, of which those that
  // its cell lacks are not read; then those of the output layer: W, b.
  void pack(float* const* w, int worker) {
    if (s_.embedding) embed(*w++, worker);
    for (auto& layer : layers_) {
      layer->w_hh.pack(w[1], worker, team_);
      if (layer->w_ih) layer->w_ih->pack(w[0], worker, team_);
      pack_inputs(*layer, w, worker);
      w += 4;
    }
    w_out_.pack(w[0], worker, team_);
    if (worker == 0) std::copy_n(w[1], s_.vocab, b_out_);
  }

  void embed(const float* of_token, int worker) {
    team_.share(worker, rows_, [&](int64_t row, int64_t count) {
      for (int64_t r = row; r < row + count; ++r)
        for (int64_t k = 0; k < s_.embedding; ++k)
          embedded_.at(k / LANES, r)[k % LANES] = of_token[x_[r] * s_.embedding + k];
    });
  }

  // What layer i reads, if not one-hot vectors; rows are t * B + b.
  Blocked below(int i) const {
    return i == 0 ? embedded_ : onward(i - 1);
  }

  // What is read of the outputs of layer i, by the next one or by the output layer.
  Blocked onward(int i) const { return masks_ ? layers_[i]->left : from(layers_[i]->h, B_); }

  // Multiply rows by the mask of the outputs of layer i.
  void drop(int i, Blocked a, Blocked to, int64_t row, int64_t count) const {
    if (!masks_) return;
    const float* mask = masks_ + i * rows_ * s_.hidden;
    for (int64_t r = row; r < row + count; ++r)
      for (int64_t k = 0; k < s_.hidden; ++k)
        to.at(k / LANES, r)[k % LANES] = a.at(k / LANES, r)[k % LANES] * mask[r * s_.hidden + k];
  }

  // The share of a token in the gates, biases included; the biases alone in layers above.
  void pack_inputs(Layer& l, float* const* w, int worker) {
    team_.share(worker, l.slots * blocks_, [&](int64_t first, int64_t count) {
      for (int64_t k = first; k < first + count; ++k)
        for (int lane = 0; lane < LANES && k % blocks_ * LANES + lane < s_.hidden; ++lane) {
          const int64_t slot = k / blocks_, unit = k % blocks_ * LANES + lane;
          const int64_t in = slot - l.kind.inputs_first;
          float b = in >= 0 ? w[2][in * s_.hidden + unit] : 0.0f;
          if (slot < l.num_gates()) b += w[3][l.kind.hidden[slot] * s_.hidden + unit];
          if (l.own) l.own[unit] = w[1][unit];
          l.bias[k * LANES + lane] = b;
          const float* of_token = in >= 0 ? w[0] + (in * s_.hidden + unit) * s_.vocab : nullptr;
          for (int64_t v = 0; l.table && v < s_.vocab; ++v)
            l.table[(k * s_.vocab + v) * LANES + lane] = b + (of_token ? of_token[v] : 0.0f);
        }
    });
  }

  // Copy states (layers, B, hidden) in, or zeros; state[0] is h, state[1] is c.
  void begin(const float* const* state) {
    for (int part = 0; part < KINDS[s_.cell].parts; ++part)
      for (int i = 0; i < s_.layers; ++i)
        for (int64_t b = 0; b < B_; ++b)
          for (int64_t u = 0; u < s_.hidden; ++u)
            of(*layers_[i], part).at(u / LANES, b)[u % LANES] =
                state[part] ? state[part][(i * B_ + b) * s_.hidden + u] : 0.0f;
  }

  void finish(float* const* end) {
    for (int part = 0; part < KINDS[s_.cell].parts; ++part)
      for (int i = 0; i < s_.layers; ++i)
        for (int64_t b = 0; b < B_; ++b)
          for (int64_t u = 0; u < s_.hidden; ++u)
            end[part][(i * B_ + b) * s_.hidden + u] =
                of(*layers_[i], part).at(u / LANES, rows_ + b)[u % LANES];
  }

  static Blocked of(const Layer& l, int part) { return part == 0 ? l.h : l.c; }

  void forward_layer(int i) {
    Layer& l = *layers_[i];
    if (l.w_ih) team_.run([&](int worker) {
        team_.share(worker, rows_, [&](int64_t row, int64_t count) {
          for (int64_t k = 0; k < l.slots * blocks_; ++k)
            for (int64_t r = row; r < row + count; ++r) store(l.gates.at(k, r), load(l.bias + k * LANES));
          l.w_ih->forward(count, from(below(i), row), l.input_side(row));
        });
      });
    team_.run([&](int worker) {
      team_.share(worker, B_, [&](int64_t b, int64_t count) {
        for (int64_t t = 0; t < T_; ++t) {
          const int64_t row = t * B_ + b;
          if (l.table) look_up(l, row, count);
          l.w_hh.forward(count, from(l.h, row), l.hidden_side(row));
          l.kind.forward(moment(l, t, b, count));
          drop(i, from(l.h, B_), l.left, row, count);
        }
      });
    });
  }

  void look_up(const Layer& l, int64_t row, int64_t count) {
    for (int64_t k = 0; k < l.slots * blocks_; ++k)
      for (int64_t r = row; r < row + count; ++r)
        store(l.gates.at(k, r), load(l.table + (k * s_.vocab + x_[r]) * LANES));
  }

  Moment moment(const Layer& l, int64_t t, int64_t b, int64_t count) const {
    const int64_t row = t * B_ + b;
    Moment m{from(l.gates, row), from(l.h, row), from(l.h, row + B_), {}, {}, {},
             from(dh_, row), from(dc_, b), {}, blocks_, count, last_unit_, l.own};
    if (t > 0) m.dh_before = from(dh_, row - B_);
    if (l.kind.parts == 2)
      m.c_before = from(l.c, row), m.c = from(l.c, row + B_), m.tanh_c = from(l.tanh_c, row);
    return m;
  }

  // Logits, loss, their gradient in place, and the gradient of the top layer's outputs.
  void output(int worker) {
    losses_[worker] = 0;
    team_.share(worker, rows_, [&](int64_t row, int64_t count) {
      for (int64_t k = 0; k < blocks_of(s_.vocab); ++k)
        for (int64_t r = row; r < row + count; ++r) store(logits_.at(k, r), load(b_out_ + k * LANES));
      w_out_.forward(count, from(onward(s_.layers - 1), row), from(logits_, row));
      for (int64_t r = row; r < row + count; ++r) losses_[worker] += softmax(r);
      w_out_.backward(count, from(logits_, row), from(dh_, row), false);
      drop(s_.layers - 1, dh_, dh_, row, count);
    });
  }

  // Turn the logits of a row into the gradient of the mean loss; return the row's loss in nats.
  float softmax(int64_t row) {
    const int64_t blocks = blocks_of(s_.vocab);
    const Vec lowest = splat(-INFINITY);
    Vec top = lowest;
    for (int64_t k = 0; k < blocks; ++k) {
      const Vec x = load(logits_.at(k, row));
      const Vec real = k < blocks - 1 ? x : (last_token_ ? x : lowest);
      top = real > top ? real : top;
    }
    float highest = top[0];
    for (int i = 1; i < LANES; ++i) highest = top[i] > highest ? top[i] : highest;
    Vec total{};
    float* label = logits_.at(y_[row] / LANES, row) + y_[row] % LANES;
    const float logit = *label;
    for (int64_t k = 0; k < blocks; ++k) {
      Vec e = exp(load(logits_.at(k, row)) - highest);
      if (k == blocks - 1) e = reinterpret_cast<Vec>(reinterpret_cast<IntVec>(e) & last_token_);
      total += e;
      store(logits_.at(k, row), e);
    }
    const float mass = float(sum(total)), share = 1.0f / (mass * float(rows_));
    for (int64_t k = 0; k < blocks; ++k) store(logits_.at(k, row), load(logits_.at(k, row)) * share);
    *label -= 1.0f / float(rows_);
    return std::log(mass) + highest - logit;
  }

  void backward_layer(int i) {
    Layer& l = *layers_[i];
    team_.run([&](int worker) {
      team_.share(worker, B_, [&](int64_t b, int64_t count) {
        for (int64_t k = 0; k < blocks_; ++k) std::fill_n(dc_.at(k, b), count * LANES, 0.0f);
        for (int64_t t = T_ - 1; t >= 0; --t) {
          l.kind.backward(moment(l, t, b, count));
          const int64_t row = t * B_ + b;
          if (t > 0) l.w_hh.backward(count, l.hidden_side(row), from(dh_, row - B_), true);
        }
      });
    });
    if (l.w_ih) team_.run([&](int worker) {
        team_.share(worker, rows_, [&](int64_t row, int64_t count) {
          l.w_ih->backward(count, l.input_side(row), from(i > 0 ? dh_ : d_embedded_, row), false);
          if (i > 0) drop(i - 1, dh_, dh_, row, count);
        });
      });
  }

  // The worker's part of all weight gradients; return its sum of squares.
  double collect(int worker) {
    double squares = w_out_.collect(rows_, logits_, onward(s_.layers - 1), worker, team_);
    for (size_t i = 0; i < layers_.size(); ++i) {
      Layer& l = *layers_[i];
      squares += l.w_hh.collect(rows_, l.hidden_side(0), l.h, worker, team_);
      if (l.w_ih) squares += l.w_ih->collect(rows_, l.input_side(0), below(int(i)), worker, team_);
      team_.share(worker, l.slots * blocks_, [&](int64_t first, int64_t count) {
        for (int64_t k = first; k < first + count; ++k) squares += collect_inputs(l, k);
      });
    }
    team_.share(worker, blocks_of(s_.vocab), [&](int64_t first, int64_t count) {
      for (int64_t k = first; k < first + count; ++k) {
        const Vec d = column_sum(logits_.at(k, 0), rows_);
        store(d_b_out_ + k * LANES, d);
        squares += sum(d * d);
      }
    });
    team_.share(worker, blocks_of(s_.embedding), [&](int64_t first, int64_t count) {
      for (int64_t k = first; k < first + count; ++k) squares += collect_symbols(k);
    });
    return squares;
  }

  // Gradients of one block of the embeddings of tokens that are read; those of others are zero.
  double collect_symbols(int64_t k) {
    for (int64_t row = 0; row < rows_; ++row) store(d_symbols_.at(k, x_[row]), Vec{});
    Vec total{};
    for (int64_t row = 0; row < rows_; ++row) {
      float* to = d_symbols_.at(k, x_[row]);
      store(to, load(to) + load(d_embedded_.at(k, row)));
      if (last_row_[x_[row]] == row) total += load(to) * load(to);
    }
    return sum(total);
  }

  // Gradients of one block of biases, and of the first layer's input weights, token by token.
  double collect_inputs(Layer& l, int64_t k) {
    const bool input = k >= l.kind.inputs_first * blocks_, hidden = has_hidden_bias(l, k);
    double squares = 0;
    Vec d;
    if (l.table && input) {
      float* of_token = l.d_table + k * s_.vocab * LANES;
      std::fill_n(of_token, s_.vocab * LANES, 0.0f);
      for (int64_t row = 0; row < rows_; ++row) {
        float* to = of_token + x_[row] * LANES;
        store(to, load(to) + load(l.gates.at(k, row)));
      }
      d = column_sum(of_token, s_.vocab);
      Vec total{};
      for (int64_t v = 0; v < s_.vocab; ++v)
        total += load(of_token + v * LANES) * load(of_token + v * LANES);
      squares += sum(total);
    } else {
      d = column_sum(l.gates.at(k, 0), rows_);
    }
    store(l.d_bias + k * LANES, d);
    if (l.own) squares += collect_own(l, k);
    return squares + (int(input) + int(hidden)) * sum(d * d);  // b_ih and b_hh
  }

  // The gradient of one block of the weights of the units' own states.
  double collect_own(Layer& l, int64_t k) {
    Vec d{};
    for (int64_t row = 0; row < rows_; ++row) d += load(l.gates.at(k, row)) * load(l.h.at(k, row));
    store(l.d_own + k * LANES, d);
    return sum(d * d);
  }

  bool has_hidden_bias(const Layer& l, int64_t k) const {
    return s_.biases == 2 && k < l.num_gates() * blocks_;
  }

  static Vec column_sum(const float* p, int64_t rows) {
    Vec total[4] = {};
    for (int64_t row = 0; row < rows; ++row) total[row % 4] += load(p + row * LANES);
    return (total[0] + total[1]) + (total[2] + total[3]);
  }

  void update(float* const* w, float scale, float rate, int worker) {
    if (s_.embedding) update_symbols(*w++, scale, rate, worker);
    for (auto& layer : layers_) {
      Layer& l = *layer;
      l.w_hh.update(w[1], scale, rate, worker, team_);
      if (l.w_ih) l.w_ih->update(w[0], scale, rate, worker, team_);
      team_.share(worker, l.slots * blocks_, [&](int64_t first, int64_t count) {
        for (int64_t k = first; k < first + count; ++k) update_inputs(l, k, w, scale, rate);
      });
      w += 4;
    }
    w_out_.update(w[0], scale, rate, worker, team_);
    if (worker == 0)
      for (int64_t v = 0; v < s_.vocab; ++v) w[1][v] -= rate * (scale * d_b_out_[v]);
  }

  void update_symbols(float* of_token, float scale, float rate, int worker) {
    team_.share(worker, rows_, [&](int64_t first, int64_t count) {
      for (int64_t row = first; row < first + count; ++row)
        for (int64_t k = 0, v = x_[row]; last_row_[v] == row && k < s_.embedding; ++k)
          of_token[v * s_.embedding + k] -= rate * (scale * d_symbols_.at(k / LANES, v)[k % LANES]);
    });
  }

  void update_inputs(const Layer& l, int64_t k, float* const* w, float scale, float rate) {
    const int64_t slot = k / blocks_, in = slot - l.kind.inputs_first;
    for (int lane = 0; lane < LANES && k % blocks_ * LANES + lane < s_.hidden; ++lane) {
      const int64_t unit = k % blocks_ * LANES + lane;
      const float d = rate * (scale * l.d_bias[k * LANES + lane]);
      if (in >= 0) w[2][in * s_.hidden + unit] -= d;
      if (has_hidden_bias(l, k)) w[3][l.kind.hidden[slot] * s_.hidden + unit] -= d;
      if (l.own) w[1][unit] -= rate * (scale * l.d_own[unit]);
      if (!l.table || in < 0) continue;
      float* to = w[0] + (in * s_.hidden + unit) * s_.vocab;
      const float* grad = l.d_table + k * s_.vocab * LANES + lane;
      for (int64_t v = 0; v < s_.vocab; ++v) to[v] -= rate * (scale * grad[v * LANES]);
    }
  }

  const Sizes s_;
  const int64_t T_, B_, rows_, stride_, blocks_;
  Memory memory_;
  Team team_;
  Matrix w_out_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<double> squares_, losses_;  // by worker
  Blocked logits_, dh_, dc_;
  Blocked embedded_, d_embedded_, d_symbols_;  // of rows, of rows, and of tokens
  std::vector<int64_t> last_row_;              // by token
  float *b_out_, *d_b_out_;
  IntVec last_unit_, last_token_;
  const int64_t *x_ = nullptr, *y_ = nullptr;
  const float* masks_ = nullptr;
};

}  // namespace rnnbench

#define EXPORT extern "C" __attribute__((visibility("default")))

// The widest instruction set of this processor that there is a library for.
EXPORT const char* rnnbench_isa() {
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) return "avx512";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "avx2";
#endif
  return "portable";
}

// Make a workspace for one shape of model and minibatch. Returns 0, 1 if there is no memory for it,
// or 2 if the system starts no more threads.
EXPORT int rnnbench_open(const rnnbench::Sizes* sizes, void** model) try {
  *model = new rnnbench::Model(*sizes);
  return 0;
} catch (const std::system_error&) {
  return 2;
} catch (const std::exception&) {
  return 1;
}

EXPORT void rnnbench_close(void* model) { delete static_cast<rnnbench::Model*>(model); }

// Train on tokens x and labels y, (T, B) each. weights: torch's parameters in their order, with a
// place for those that a cell lacks. targets:
// what the clipped gradients times the learning rate are taken from, the weights themselves or memory
// of their shapes. masks: what the outputs of each layer are multiplied by on their way to the next and
// to the output layer, (layers, T, B, hidden), or null. state and end: h and c, (layers, B, hidden)
// each; a null part of state is zeros. result: mean loss in nats, gradient norm before clipping.
// Returns 0, or 1 for a token outside the vocabulary, with nothing changed.
EXPORT int rnnbench_step(void* model, float* const* weights, float* const* targets,
                         const int64_t* x, const int64_t* y, const float* masks,
                         const float* const* state, float* const* end, double clip_norm,
                         double learning_rate, float* result) {
  return static_cast<rnnbench::Model*>(model)->step(weights, targets, x, y, masks, state, end,
                                                    clip_norm, learning_rate, result)
             ? 0
             : 1;
}
