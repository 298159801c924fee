// Mean, minimum, maximum and number of the finite losses in every window; gpu.py says how and why.
// Where all losses that a block of threads sees are finite (ALL), nothing is tested or counted.

#define INF __longlong_as_double(0x7ff0000000000000LL)

struct Statistics {
    double sum, low, high;
    int count;
};

__device__ __forceinline__ Statistics nothing() { return {0.0, INF, -INF, 0}; }

template <bool ALL>
__device__ __forceinline__ Statistics of(double loss, bool summed = true) {
    if (ALL) return {summed ? loss : 0.0, loss, loss, 0};
    return fabs(loss) < INF ? Statistics{loss, loss, loss, 1} : nothing();
}

template <bool ALL>
__device__ __forceinline__ Statistics both(const Statistics &a, const Statistics &b) {
    return {a.sum + b.sum, a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high,
            ALL ? 0 : a.count + b.count};
}

template <bool ALL>
__device__ __forceinline__ Statistics shuffled(const Statistics &own, int lane) {
    const unsigned everyone = 0xffffffffu;
    return {__shfl_sync(everyone, own.sum, lane), __shfl_sync(everyone, own.low, lane),
            __shfl_sync(everyone, own.high, lane), ALL ? 0 : __shfl_sync(everyone, own.count, lane)};
}

// What the threads before this one (AFTER: behind it) hold, joined.
template <bool ALL, bool AFTER>
__device__ __forceinline__ Statistics beyond(const Statistics &own, Statistics *of_warps) {
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    Statistics joined = own;
#pragma unroll
    for (int step = 1; step < 32; step *= 2) {
        // Past the warp's end a thread meets itself again: that changes no extreme.
        const bool there = AFTER ? lane + step < 32 : lane >= step;
        Statistics other = shuffled<ALL>(joined, AFTER ? min(lane + step, 31) : max(lane - step, 0));
        if (!there) other.sum = 0.0, other.count = 0;
        joined = both<ALL>(joined, other);
    }
    const int next = AFTER ? lane + 1 : lane - 1;
    const Statistics others = shuffled<ALL>(joined, next & 31);
    Statistics result = (AFTER ? next < 32 : next >= 0) ? others : nothing();
    if (warps > 1) {
        if (lane == (AFTER ? 0 : 31)) of_warps[warp] = joined;
        __syncthreads();
        for (int w = AFTER ? warp + 1 : 0; w < (AFTER ? warps : warp); w++) result = both<ALL>(result, of_warps[w]);
        __syncthreads();
    }
    return result;
}

// The mean of a window; of `width` losses, whose reciprocal is at hand, where ALL are finite.
template <bool ALL>
__device__ __forceinline__ double mean_of(const Statistics &window, double width, double reciprocal, bool &overflow) {
    double mean;
    if (ALL) {
        // A quotient to the last bit, without the branches of a division.
        mean = window.sum * reciprocal;
        mean = fma(fma(-mean, width, window.sum), reciprocal, mean);
    } else {
        if (!window.count) return INF;
        mean = window.sum / window.count;
    }
    overflow |= !(fabs(mean) < INF);
    return mean;
}

template <int EACH, bool ALL>
__device__ __forceinline__ bool roll_block(double *block, double *next, double *third, int *counts, int width,
                                           int windows, Statistics *of_warps) {
    const int begins = threadIdx.x * EACH;
    const double reciprocal = 1.0 / width;
    Statistics ends[EACH], own = nothing(), later = nothing();
#pragma unroll
    for (int i = EACH - 1; i >= 0; i--)
        ends[i] = own = both<ALL>(of<ALL>(block[begins + i], begins + i < width), own);
#pragma unroll
    for (int i = 0; i < EACH; i++) later = both<ALL>(later, of<ALL>(next[begins + i], begins + i > 0));
    const Statistics after = beyond<ALL, true>(own, of_warps);
    Statistics others = both<ALL>(after, beyond<ALL, false>(later, of_warps));
    bool overflow = false;
#pragma unroll
    for (int i = 0; i < EACH; i++) {
        others = both<ALL>(others, of<ALL>(next[begins + i], begins + i > 0));
        const Statistics window = both<ALL>(ends[i], others);
        // Their places were read by this thread alone, and are not needed any more.
        bool large = false;
        block[begins + i] = mean_of<ALL>(window, width, reciprocal, large);
        overflow |= large && begins + i < windows;
        next[begins + i] = window.low;
        third[begins + i] = window.high;
        if (!ALL) counts[begins + i] = window.count;
    }
    return overflow;
}

// A row of windows that begin in one block of `width` losses: each is the end of that block, from the
// window's own column on, and the beginning of the next.
template <int EACH>
__device__ __forceinline__ void roll_row(const double *values, const long long *first, const int *length, int width,
                                         double *mean, double *low, double *high, int *count, int *overflow) {
    extern __shared__ double shared[];
    __shared__ Statistics of_warps[8];
    const int entries = blockDim.x * EACH, windows = length[blockIdx.x];
    const long long begin = first[blockIdx.x];
    double *block = shared, *next = block + entries, *third = next + entries;
    int *counts = (int *)(third + entries);
    const double *from = values + begin;
    const double last = from[width - 1];  // of every window: a filling that changes no extreme
    double a[EACH], b[EACH];
    bool finite = fabs(last) < INF;
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        const int i = threadIdx.x + k * blockDim.x;
        a[k] = i < width ? from[i] : last;
        b[k] = i > 0 && i < windows ? from[width - 1 + i] : last;
    }
#pragma unroll
    for (int k = 0; k < EACH; k++) finite &= fabs(a[k]) < INF && fabs(b[k]) < INF;
    const bool all = __syncthreads_and(finite);
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        const int i = threadIdx.x + k * blockDim.x;
        block[i] = all || i < width ? a[k] : INF;
        next[i] = all || (i > 0 && i < windows) ? b[k] : INF;
    }
    __syncthreads();
    const bool large = all ? roll_block<EACH, true>(block, next, third, counts, width, windows, of_warps)
                           : roll_block<EACH, false>(block, next, third, counts, width, windows, of_warps);
    if (large) *overflow = 1;
    __syncthreads();
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        const int i = threadIdx.x + k * blockDim.x;
        if (i >= windows) break;
        __stcs(mean + begin + i, block[i]);
        __stcs(low + begin + i, next[i]);
        __stcs(high + begin + i, third[i]);
        __stcs(count + begin + i, all ? width : counts[i]);
    }
}

#ifdef PER_THREAD
extern "C" __global__ void __launch_bounds__(128, BLOCKS) roll_rows(const double *values, const long long *first,
                                                                    const int *length, int width, double *mean,
                                                                    double *low, double *high, int *count,
                                                                    int *overflow) {
    roll_row<PER_THREAD>(values, first, length, width, mean, low, high, count, overflow);
}
#else
template <bool ALL>
__device__ __forceinline__ Statistics rolled(const double *losses, int width) {
    Statistics window = nothing();
    for (int i = 0; i < width; i++) window = both<ALL>(window, of<ALL>(losses[i]));
    if (ALL) window.count = width;
    return window;
}

// Short windows, loss by loss.
extern "C" __global__ void roll_short(const double *values, int windows, int width, double *mean, double *low,
                                      double *high, int *count, int *overflow) {
    extern __shared__ double shared[];
    const long long begin = (long long)blockIdx.x * blockDim.x, at = begin + threadIdx.x;
    const long long losses = (long long)windows + width - 1;
    bool finite = true;
    for (int i = threadIdx.x; i < blockDim.x + width - 1; i += blockDim.x) {
        const double loss = begin + i < losses ? values[begin + i] : 0.0;
        finite &= fabs(loss) < INF;
        shared[i] = loss;
    }
    const bool all = __syncthreads_and(finite);
    if (at >= windows) return;
    const Statistics window = all ? rolled<true>(shared + threadIdx.x, width) : rolled<false>(shared + threadIdx.x, width);
    bool large = false;
    __stcs(mean + at, all ? mean_of<true>(window, width, 1.0 / width, large)
                          : mean_of<false>(window, width, 0.0, large));
    if (large) *overflow = 1;
    __stcs(low + at, window.low);
    __stcs(high + at, window.high);
    __stcs(count + at, window.count);
}
#endif
