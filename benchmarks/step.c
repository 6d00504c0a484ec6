/* Full-batch gradient descent on f(x) = sum_k a_k tanh(w_k x + b_k) with the risk mean_i (f(x_i) - y_i)^2, fused by hand.

   The competitor of benchmarks/training.py. Compiled twice, with -DDOUBLE and without. A vector holds LANES neurons of one
   member; the activations of a step stay in the cache; the gradient is never stored. Parameters of a member:
   w, b, a, each padded with zeros to a multiple of LANES (a neuron of zeros stays zero). */
#include <stdint.h>
#include <stdlib.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif

#ifdef DOUBLE
typedef double real;
typedef int64_t whole;
#else
typedef float real;
typedef int32_t whole;
#endif
#define LANES ((int)(BYTES / sizeof(real)))

typedef real vec __attribute__((vector_size(BYTES)));
typedef whole ivec __attribute__((vector_size(BYTES)));
#ifdef DOUBLE
typedef int32_t narrow __attribute__((vector_size(BYTES * sizeof(int32_t) / sizeof(real))));
#endif

static inline vec choose(ivec mask, vec yes, vec no) { return (vec)((mask & (ivec)yes) | (~mask & (ivec)no)); }

#ifdef DOUBLE
/* tanh(x) = e / (e + 2), e = exp(2|x|) - 1 = 2^k (exp(r) - 1) + (2^k - 1), 2|x| = k ln 2 + r, exp(r) - 1 by its Taylor
   polynomial. The relative error is below 1.5 units of DBL_EPSILON at every x. */
static inline vec tanh_vec(vec x) {
    static const double c[] = {1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0,
                               1.0 / 40320.0, 1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5};
    const ivec sign = (ivec)x & ((ivec){} + INT64_MIN);
    const vec size = (vec)((ivec)x ^ sign), all = (vec){};
    const vec twice = 2.0 * choose(size < 20.0, size, all + 20.0);
    const narrow rounded = __builtin_convertvector(twice * 1.44269504088896340736 + 0.5, narrow);
    const ivec k = __builtin_convertvector(rounded, ivec);
    const vec count = __builtin_convertvector(rounded, vec);
    const vec r = twice - count * 6.93147180369123816490e-01 - count * 1.90821492927058770002e-10;
    const vec power = (vec)((k + 1023) << 52);
    vec sum = all + c[0];
    for (int term = 1; term < (int)(sizeof c / sizeof *c); term++) sum = sum * r + c[term];
    const vec e = power * (sum * r * r + r) + (power - 1.0);
    return (vec)((ivec)(e / (e + 2.0)) | sign);
}
#else
/* tanh(x) = x P(x^2) / Q(x^2), a minimax fit of the relative error on |x| <= 7.9053, beyond which the result is 1 to
   rounding. The relative error is below 4 units of FLT_EPSILON at every x. */
static inline vec tanh_vec(vec x) {
    const vec edge = (vec){} + 7.9053f;
    x = choose(x < edge, x, edge);
    x = choose(x > -edge, x, -edge);
    const vec u = x * x;
    vec p = u * 2.407365742e-11f - 1.489568868e-08f;
    p = p * u + 9.936055789e-06f;
    p = p * u + 2.991776577e-03f;
    p = p * u + 1.298461799e-01f;
    p = p * u + 9.999999832e-01f;
    vec q = u * 2.380412970e-04f + 2.405180155e-02f;
    q = q * u + 4.631793584e-01f;
    q = q * u + 1.0f;
    return x * p / q;
}
#endif

/* Adds the outputs of the neurons [from, to) of one member to `sums`, lane by lane, and keeps their activations. */
static void forward(const vec *w, const vec *b, const vec *a, int from, int to, int n, const real *x, vec *hidden, vec *sums) {
    for (int i = 0; i < n; i++) sums[i] = (vec){};
    for (int k = from; k < to; k++) {
        const vec wk = w[k], bk = b[k], ak = a[k];
        vec *h = hidden + (size_t)k * n;
        for (int i = 0; i < n; i++) {
            h[i] = tanh_vec(wk * x[i] + bk);
            sums[i] += ak * h[i];
        }
    }
}

/* Turns parameters p of the neurons [from, to) into keep * p + scale * gradient. */
static void backward(vec *w, vec *b, vec *a, int from, int to, int n, const real *x, const real *force, const vec *hidden,
                     real keep, real scale) {
    for (int k = from; k < to; k++) {
        const vec *h = hidden + (size_t)k * n;
        vec gw = {}, gb = {}, ga = {};
        for (int i = 0; i < n; i++) {
            const vec slope = force[i] - force[i] * h[i] * h[i];
            ga += force[i] * h[i];
            gb += slope;
            gw += x[i] * slope;
        }
        const vec ak = a[k];
        w[k] = keep * w[k] + scale * (ak * gw);
        b[k] = keep * b[k] + scale * (ak * gb);
        a[k] = keep * ak + scale * ga;
    }
}

/* force_i = 2/n (f(x_i) - y_i) from the lane sums of every thread. */
static void residuals(const vec *sums, int parts, int n, const real *y, real *force) {
    for (int i = 0; i < n; i++) {
        vec total = sums[i];
        for (int p = 1; p < parts; p++) total += sums[(size_t)p * n + i];
        real output = 0;
        for (int l = 0; l < LANES; l++) output += total[l];
        force[i] = (real)2.0 / n * (output - y[i]);
    }
}

static vec *vectors(size_t count) {
    void *memory = NULL;
    return posix_memalign(&memory, BYTES, count * BYTES) ? NULL : memory;
}

/* One member, its neurons shared out among `threads`; two sets of sums, so that one barrier a step is enough. */
static void advance_shared(int blocks, int n, const real *x, const real *y, vec *w, real keep, real scale, long steps,
                           int threads) {
    vec *hidden = vectors((size_t)blocks * n), *sums = vectors((size_t)2 * threads * n);
#pragma omp parallel num_threads(threads)
    {
        int own = 0, parts = 1;
#ifdef _OPENMP
        own = omp_get_thread_num(), parts = omp_get_num_threads();
#endif
        const int from = blocks * own / parts, to = blocks * (own + 1) / parts;
        real force[n];
        for (long step = 0; step < steps; step++) {
            vec *now = sums + (size_t)(step & 1) * parts * n;
            forward(w, w + blocks, w + 2 * blocks, from, to, n, x, hidden, now + (size_t)own * n);
            if (parts > 1) {
#pragma omp barrier
            }
            residuals(now, parts, n, y, force);
            backward(w, w + blocks, w + 2 * blocks, from, to, n, x, force, hidden, keep, scale);
        }
    }
    free(hidden);
    free(sums);
}

/* Takes `steps` steps p <- keep * p + scale * gradient of every member: keep 1, scale -rate is descent, keep 0, scale 1 and
   one step the gradient. params: (member, 3, padded width), aligned to 64 bytes. */
void advance(int members, int padded, int n, const real *x, const real *y, real *params, real keep, real scale, long steps,
             int threads) {
    const int blocks = padded / LANES;
    if (members == 1) {
        advance_shared(blocks, n, x, y, (vec *)params, keep, scale, steps, threads);
        return;
    }
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int k = 0; k < members; k++)
        advance_shared(blocks, n, x, y, (vec *)params + (size_t)k * 3 * blocks, keep, scale, steps, 1);
}

/* tanh of `count` numbers, a multiple of the lanes, aligned to 64 bytes: for the check of its accuracy. */
void apply_tanh(long count, const real *x, real *y) {
    for (long k = 0; k < count / LANES; k++) ((vec *)y)[k] = tanh_vec(((const vec *)x)[k]);
}

int has_threads(void) {
#ifdef _OPENMP
    return 1;
#else
    return 0;
#endif
}
