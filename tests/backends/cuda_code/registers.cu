/* A kernel that fits the registers of a thread in blocks of 128, and spills in blocks of 1024. */
enum { VALUES = 72 };

__global__ void __launch_bounds__(BLOCK) hold(float *p, int n) {
    float v[VALUES];
    for (int i = 0; i < VALUES; i++) v[i] = p[i * n + threadIdx.x];
    for (int k = 0; k < n; k++)
        for (int i = 0; i < VALUES; i++)
            v[i] = v[i] * v[(i + 7) % VALUES] + v[(i * 3 + 1) % VALUES];
    for (int i = 0; i < VALUES; i++) p[i * n + threadIdx.x] = v[i];
}
