// Runs the native step and reader on odd sizes, for sanitizers to watch, and prints the largest
// relative errors of its exp, sigmoid and tanh.
#include <cstdio>
#include <iterator>
#include <vector>

#include "infer.cpp"
#include "step.cpp"

using rnnbench::LANES;
using rnnbench::Vec;

// W_ih, W_hh, b_ih and b_hh; what a cell lacks has no size.
template <class F>
static void add_layer(const rnnbench::Kind& kind, size_t units, size_t columns, F add) {
  const size_t rows = (kind.slots - kind.inputs_first) * units, hidden = kind.hidden.size() * units;
  add(rows * columns), add(kind.own ? units : hidden * units), add(rows), add(hidden);
}

// All memory has exactly the size that the step may touch.
static void train(rnnbench::Sizes s, int steps) {
  const rnnbench::Kind& kind = rnnbench::KINDS[s.cell];
  std::vector<std::vector<float>> w;
  auto add = [&](size_t n) {
    std::vector<float> values(n);
    for (size_t i = 0; i < n; ++i) values[i] = 0.2f * std::sin(float(i + 7 * w.size()));
    w.push_back(values);
  };
  if (s.embedding) add(size_t(s.vocab) * s.embedding);
  for (int i = 0; i < s.layers; ++i) {
    const size_t columns = i ? s.hidden : s.embedding ? s.embedding : s.vocab;
    add_layer(kind, s.hidden, columns, add);
  }
  add(size_t(s.vocab) * s.hidden), add(s.vocab);
  std::vector<float*> pointers;
  for (auto& one : w) pointers.push_back(one.data());
  std::vector<int64_t> x(s.steps * s.batch), y(x.size());
  for (size_t i = 0; i < x.size(); ++i) x[i] = int64_t(i * i % s.vocab), y[i] = int64_t(i * 7 % s.vocab);
  std::vector<float> h(size_t(s.layers) * s.batch * s.hidden, 0.1f), c = h, h1 = h, c1 = h;
  std::vector<float> masks(size_t(s.layers) * s.steps * s.batch * s.hidden, 0.5f);
  float result[2];
  void* model = nullptr;
  if (rnnbench_open(&s, &model)) abort();
  for (int i = 0; i < steps; ++i) {
    const float* state[] = {i ? h.data() : nullptr, i ? c.data() : nullptr};
    float* end[] = {h1.data(), c1.data()};
    if (rnnbench_step(model, pointers.data(), pointers.data(), x.data(), y.data(),
                      i ? masks.data() : nullptr, state, end, 1.0, 0.5, result))
      abort();
    if (!std::isfinite(result[0]) || !std::isfinite(result[1])) abort();
    std::swap(h, h1), std::swap(c, c1);
  }
  x[x.size() - 1] = s.vocab;
  const float* none[] = {nullptr, nullptr};
  float* end[] = {h1.data(), c1.data()};
  if (!rnnbench_step(model, pointers.data(), pointers.data(), x.data(), y.data(), nullptr, none, end,
                     1.0, 0.5, result))
    abort();
  rnnbench_close(model);
}

// Reads and writes, at one row and several; all memory has exactly the size that may be touched.
static void use(rnnbench::Architecture a) {
  const rnnbench::Kind& kind = rnnbench::KINDS[a.cell];
  std::vector<std::vector<float>> w;
  auto add = [&](size_t n) { w.emplace_back(n, 0.01f * float(1 + w.size())); };
  if (a.embedding) add(size_t(a.vocab) * a.embedding);
  for (int i = 0; i < a.layers; ++i) {
    const size_t columns = i ? a.hidden : a.embedding ? a.embedding : a.vocab;
    add_layer(kind, a.hidden, columns, add);
  }
  add(size_t(a.vocab) * a.hidden), add(a.vocab);
  std::vector<const float*> pointers;
  for (auto& one : w) pointers.push_back(one.data());
  void* reader = nullptr;
  if (rnnbench_open_reader(&a, pointers.data(), &reader)) abort();
  for (int64_t B : {1, 3, 1}) {
    std::vector<int64_t> x(4 * B, a.vocab - 1), written(5 * B);
    std::vector<float> state(kind.parts * a.layers * B * a.hidden), logits(2 * B * a.vocab);
    std::vector<double> first(B * a.vocab, 0.5), uniforms(5 * B, 0.999999);
    if (rnnbench_read(reader, 4, B, x.data(), nullptr, state.data(), 2, logits.data())) abort();
    for (int64_t k : {1, 2, 1000})
      if (rnnbench_write(reader, 5, B, first.data(), state.data(), 1.5, k, uniforms.data(), written.data()))
        abort();
    x.back() = a.vocab;
    if (rnnbench_read(reader, 4, B, x.data(), state.data(), state.data(), 1, logits.data()) != 2) abort();
  }
  rnnbench_close_reader(reader);
}

template <class F, class G>
static double worst(F vectors, G exact, double low, double high) {
  double most = 0;
  for (int i = 0; i <= 1000000; i += LANES) {
    Vec x;
    for (int j = 0; j < LANES; ++j) x[j] = float(low + (high - low) * (i + j) / 1000000);
    const Vec found = vectors(x);
    for (int j = 0; j < LANES; ++j) {
      const double expected = exact(double(x[j]));
      if (expected != 0) most = std::max(most, std::fabs(found[j] / expected - 1));
    }
  }
  return most;
}

int main(int argc, char** argv) {
  const int threads = argc > 1 ? atoi(argv[1]) : 1, CELLS = std::size(rnnbench::KINDS);
  for (int cell = 0; cell < CELLS; ++cell)
    for (int hidden : {1, 16, 33})
      for (int embedding : {0, 17}) use({cell, 2, hidden + 2, hidden, embedding});
  for (int cell = 0; cell < CELLS; ++cell)
    for (int hidden : {1, 3, 15, 16, 17, 33})
      for (int layers : {1, 2})
        for (int embedding : {0, hidden / 2 + 1})
          train({cell, layers, hidden + 2, hidden, 3, 5 * layers, threads, layers, embedding}, 2);
  train({3, 3, 1, 50, 1, 1, threads, 2, 0}, 3);
  train({2, 1, 40, 20, 40, 31, threads, 2, 0}, 1);
  auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  using D = double (*)(double);
  printf("%.3g %.3g %.3g\n", worst([](Vec x) { return rnnbench::exp(x); }, D(std::exp), -86.9, 87.9),
         worst([](Vec x) { return rnnbench::sigmoid(x); }, sigmoid, -80, 20),
         worst([](Vec x) { return rnnbench::tanh(x); }, D(std::tanh), -12, 12));
}
