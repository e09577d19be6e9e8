// What happens between the products: gates to states, and gradients of states to those of gates.
//
// A cell is its two functions and its row of KINDS, whose place is its number in Python:
// rnnbench.training.engines.layouts.GATES. Backward, the gradients take the place of the gates.
#pragma once
#include <vector>

#include "vec.h"

namespace rnnbench {

enum Cell { TANH, RELU, GRU, LSTM, MINGRU, MINLSTM, INDRNN };

// One step of one layer for `rows` rows: every member points at the first of them.
struct Moment {
  Blocked gates, h_before, h, c_before, c, tanh_c;  // c_before, c and tanh_c: LSTM alone
  Blocked dh, dc, dh_before;                        // dh_before.data: null at the first step
  int64_t blocks, rows;
  IntVec last;         // all bits of the lanes of the last block that are units
  const float* own{};  // INDRNN alone: what each unit's state is multiplied by

  Vec keep(int64_t block, Vec v) const {
    return block < blocks - 1 ? v : reinterpret_cast<Vec>(reinterpret_cast<IntVec>(v) & last);
  }

  // Add to the gradient of the state before, which the first step leaves out.
  void carry(int64_t block, int64_t row, Vec d) const {
    if (dh_before.data) store(dh_before.at(block, row), load(dh_before.at(block, row)) + d);
  }

  template <class F>
  void each(F f) const {
    for (int64_t block = 0; block < blocks; ++block)
      for (int64_t row = 0; row < rows; ++row) f(block, row);
  }
};

template <Cell>
void forward(const Moment& m);
template <Cell>
void backward(const Moment& m);

template <>
inline void forward<TANH>(const Moment& m) {
  m.each([&](int64_t k, int64_t r) { store(m.h.at(k, r), m.keep(k, tanh(load(m.gates.at(k, r))))); });
}

template <>
inline void backward<TANH>(const Moment& m) {
  m.each([&](int64_t k, int64_t r) {
    const Vec h = load(m.h.at(k, r));
    store(m.gates.at(k, r), m.keep(k, load(m.dh.at(k, r)) * (1.0f - h * h)));
  });
}

template <>
inline void forward<RELU>(const Moment& m) {
  m.each([&](int64_t k, int64_t r) {
    const Vec x = load(m.gates.at(k, r));
    store(m.h.at(k, r), m.keep(k, x < Vec{} ? Vec{} : x));
  });
}

template <>
inline void backward<RELU>(const Moment& m) {
  m.each([&](int64_t k, int64_t r) {
    const Vec dh = load(m.dh.at(k, r));
    store(m.gates.at(k, r), m.keep(k, load(m.h.at(k, r)) <= Vec{} ? Vec{} : dh));
  });
}

template <>
inline void forward<GRU>(const Moment& m) {
  const int64_t H = m.blocks;
  m.each([&](int64_t k, int64_t row) {
    const Vec hidden = load(m.gates.at(k, row));
    const Vec r = sigmoid(load(m.gates.at(k + H, row))), z = sigmoid(load(m.gates.at(k + 2 * H, row)));
    const Vec n = tanh(load(m.gates.at(k + 3 * H, row)) + r * hidden);
    store(m.gates.at(k + H, row), r);
    store(m.gates.at(k + 2 * H, row), z);
    store(m.gates.at(k + 3 * H, row), n);
    store(m.h.at(k, row), m.keep(k, n + z * (load(m.h_before.at(k, row)) - n)));
  });
}

template <>
inline void backward<GRU>(const Moment& m) {
  const int64_t H = m.blocks;
  m.each([&](int64_t k, int64_t row) {
    const Vec hidden = load(m.gates.at(k, row)), r = load(m.gates.at(k + H, row));
    const Vec z = load(m.gates.at(k + 2 * H, row)), n = load(m.gates.at(k + 3 * H, row));
    const Vec dh = load(m.dh.at(k, row));
    const Vec dn = m.keep(k, dh * (1.0f - z) * (1.0f - n * n));
    const Vec dz = dh * (load(m.h_before.at(k, row)) - n) * (z * (1.0f - z));
    store(m.gates.at(k, row), m.keep(k, dn * r));
    store(m.gates.at(k + H, row), m.keep(k, dn * hidden * (r * (1.0f - r))));
    store(m.gates.at(k + 2 * H, row), m.keep(k, dz));
    store(m.gates.at(k + 3 * H, row), dn);
    m.carry(k, row, m.keep(k, dh * z));
  });
}

template <>
inline void forward<LSTM>(const Moment& m) {
  const int64_t H = m.blocks;
  m.each([&](int64_t k, int64_t row) {
    const Vec i = sigmoid(load(m.gates.at(k, row))), f = sigmoid(load(m.gates.at(k + H, row)));
    const Vec g = tanh(load(m.gates.at(k + 2 * H, row)));
    const Vec o = sigmoid(load(m.gates.at(k + 3 * H, row)));
    const Vec c = m.keep(k, f * load(m.c_before.at(k, row)) + i * g), tanh_c = tanh(c);
    store(m.gates.at(k, row), i);
    store(m.gates.at(k + H, row), f);
    store(m.gates.at(k + 2 * H, row), g);
    store(m.gates.at(k + 3 * H, row), o);
    store(m.c.at(k, row), c);
    store(m.tanh_c.at(k, row), tanh_c);
    store(m.h.at(k, row), m.keep(k, o * tanh_c));
  });
}

template <>
inline void backward<LSTM>(const Moment& m) {
  const int64_t H = m.blocks;
  m.each([&](int64_t k, int64_t row) {
    const Vec i = load(m.gates.at(k, row)), f = load(m.gates.at(k + H, row));
    const Vec g = load(m.gates.at(k + 2 * H, row)), o = load(m.gates.at(k + 3 * H, row));
    const Vec dh = load(m.dh.at(k, row)), tanh_c = load(m.tanh_c.at(k, row));
    const Vec dc = m.keep(k, load(m.dc.at(k, row)) + dh * o * (1.0f - tanh_c * tanh_c));
    store(m.gates.at(k, row), m.keep(k, dc * g * (i * (1.0f - i))));
    store(m.gates.at(k + H, row), m.keep(k, dc * load(m.c_before.at(k, row)) * (f * (1.0f - f))));
    store(m.gates.at(k + 2 * H, row), m.keep(k, dc * i * (1.0f - g * g)));
    store(m.gates.at(k + 3 * H, row), m.keep(k, dh * tanh_c * (o * (1.0f - o))));
    store(m.dc.at(k, row), m.keep(k, dc * f));
  });
}

// H = H + Z (N - H).
template <>
inline void forward<MINGRU>(const Moment& m) {
  m.each([&](int64_t k, int64_t row) {
    const Vec n = load(m.gates.at(k, row)), z = sigmoid(load(m.gates.at(k + m.blocks, row)));
    const Vec h = load(m.h_before.at(k, row));
    store(m.gates.at(k + m.blocks, row), z);
    store(m.h.at(k, row), m.keep(k, h + z * (n - h)));
  });
}

template <>
inline void backward<MINGRU>(const Moment& m) {
  m.each([&](int64_t k, int64_t row) {
    const Vec n = load(m.gates.at(k, row)), z = load(m.gates.at(k + m.blocks, row));
    const Vec dh = m.keep(k, load(m.dh.at(k, row)));
    store(m.gates.at(k, row), dh * z);
    store(m.gates.at(k + m.blocks, row), dh * (n - load(m.h_before.at(k, row))) * (z * (1.0f - z)));
    m.carry(k, row, dh * (1.0f - z));
  });
}

// H = (F H + I N) / (F + I).
template <>
inline void forward<MINLSTM>(const Moment& m) {
  m.each([&](int64_t k, int64_t row) {
    const Vec n = load(m.gates.at(k, row)), i = sigmoid(load(m.gates.at(k + m.blocks, row)));
    const Vec f = sigmoid(load(m.gates.at(k + 2 * m.blocks, row)));
    store(m.gates.at(k + m.blocks, row), i);
    store(m.gates.at(k + 2 * m.blocks, row), f);
    store(m.h.at(k, row), m.keep(k, (f * load(m.h_before.at(k, row)) + i * n) / (f + i)));
  });
}

template <>
inline void backward<MINLSTM>(const Moment& m) {
  m.each([&](int64_t k, int64_t row) {
    const Vec n = load(m.gates.at(k, row)), i = load(m.gates.at(k + m.blocks, row));
    const Vec f = load(m.gates.at(k + 2 * m.blocks, row)), z = i / (f + i);
    const Vec dh = m.keep(k, load(m.dh.at(k, row)));
    const Vec ds = dh * (n - load(m.h_before.at(k, row))) * (z * (1.0f - z));  // of ln I - ln F
    store(m.gates.at(k, row), dh * z);
    store(m.gates.at(k + m.blocks, row), ds * (1.0f - i));
    store(m.gates.at(k + 2 * m.blocks, row), ds * (f - 1.0f));
    m.carry(k, row, dh * (1.0f - z));
  });
}

template <>
inline void forward<INDRNN>(const Moment& m) {
  m.each([&](int64_t k, int64_t row) {
    const Vec own = load(m.own + k * LANES) * load(m.h_before.at(k, row));
    const Vec x = load(m.gates.at(k, row)) + own;
    store(m.h.at(k, row), m.keep(k, x < Vec{} ? Vec{} : x));
  });
}

template <>
inline void backward<INDRNN>(const Moment& m) {
  backward<RELU>(m);
  m.each([&](int64_t k, int64_t row) {
    m.carry(k, row, load(m.gates.at(k, row)) * load(m.own + k * LANES));
  });
}

struct Kind {
  int slots, inputs_first;  // slots of gates; those from inputs_first on are torch's of the inputs
  std::vector<int> hidden;  // which of torch's gates the first slots have of the states
  int parts;                // of a state: h, or h and c
  bool own;                 // whether a unit reads its own state alone, so that W_hh is a vector
  void (*forward)(const Moment&);
  void (*backward)(const Moment&);
};

inline const Kind KINDS[] = {
    {1, 0, {0}, 1, false, forward<TANH>, backward<TANH>},
    {1, 0, {0}, 1, false, forward<RELU>, backward<RELU>},
    {4, 1, {2, 0, 1}, 1, false, forward<GRU>, backward<GRU>},  // hidden n, r, z, n
    {4, 0, {0, 1, 2, 3}, 2, false, forward<LSTM>, backward<LSTM>},
    {2, 0, {}, 1, false, forward<MINGRU>, backward<MINGRU>},     // n, z
    {3, 0, {}, 1, false, forward<MINLSTM>, backward<MINLSTM>},  // n, i, f
    {1, 0, {}, 1, true, forward<INDRNN>, backward<INDRNN>},
};

}  // namespace rnnbench
