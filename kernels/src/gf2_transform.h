// The additive transform over a Cantor basis, for one way of multiplying. Included once per way, inside a namespace that
// defines Element, load, store, multiply, Constant and times.
//
// Lin, Chung & Han (FOCS 2014): with b_0 = 1 and b_k^2 + b_k = b_(k-1), the polynomials s_i that vanish on the span of
// b_0 .. b_(i-1) map b_(k+i) to b_k, so that every layer reads its factors from the start of one table.

// One layer over a block: low += w high, high += low; the inverse undoes it in the other order.
template <bool inverse>
inline void layer(std::uint64_t *low, std::uint64_t *high, std::int64_t half, const std::uint64_t *w) {
  std::int64_t i = 0;
  if (half >= 8) {
    const Constant c = constant(w);
    i = wide_layer<inverse>(low, high, half, c);
    for (; i < half; ++i) {
      Element a = load(low + 2 * i), b = load(high + 2 * i);
      if (inverse) b = b ^ a;
      a = a ^ times(b, c);
      if (!inverse) b = b ^ a;
      store(low + 2 * i, a);
      store(high + 2 * i, b);
    }
    return;
  }
  const Element f = load(w);
  for (; i < half; ++i) {
    Element a = load(low + 2 * i), b = load(high + 2 * i);
    if (inverse) b = b ^ a;
    a = a ^ multiply(b, f);
    if (!inverse) b = b ^ a;
    store(low + 2 * i, a);
    store(high + 2 * i, b);
  }
}

// Depth first, so that a block is worked on while it is in the cache. zero_from: elements from there on are zero.
void forward(std::uint64_t *data, int log_size, std::int64_t block, const std::uint64_t *factors) {
  if (log_size == 0) return;
  const std::int64_t half = std::int64_t(1) << (log_size - 1);
  layer<false>(data, data + 2 * half, half, factors + 2 * block);
  forward(data, log_size - 1, 2 * block, factors);
  forward(data + 2 * half, log_size - 1, 2 * block + 1, factors);
}

void backward(std::uint64_t *data, int log_size, std::int64_t block, const std::uint64_t *factors) {
  if (log_size == 0) return;
  const std::int64_t half = std::int64_t(1) << (log_size - 1);
  backward(data, log_size - 1, 2 * block, factors);
  backward(data + 2 * half, log_size - 1, 2 * block + 1, factors);
  layer<true>(data, data + 2 * half, half, factors + 2 * block);
}

// sum += a * b, element by element.
void add_products(std::uint64_t *sum, const std::uint64_t *a, const std::uint64_t *b, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i)
    store(sum + 2 * i, load(sum + 2 * i) ^ multiply(load(a + 2 * i), load(b + 2 * i)));
}

void horner(const std::uint8_t *data, std::int64_t n_blocks, const std::uint64_t *key, std::uint64_t *out) {
  const Element k = load(key);
  const std::uint64_t zero[2] = {0, 0};
  Element sum = load(zero);
  for (std::int64_t i = 0; i < n_blocks; ++i) {
    std::uint64_t block[2];
    __builtin_memcpy(block, data + 16 * i, 16);
    sum = multiply(sum ^ load(block), k);
  }
  store(out, sum);
}

void product(const std::uint64_t *a, const std::uint64_t *b, std::uint64_t *out) { store(out, multiply(load(a), load(b))); }
