/* The cuda backend: convolutions by cuDNN, products by cuBLASLt, the rest by own kernels, each
 * program one CUDA graph. This file holds the descriptor and its options, opening and closing.
 *
 * With `properties:` a device is planned for that is not here: everything is prepared as for it,
 * memory is counted as on it, and nothing can run. */
#include "instance.h"

#include <stdlib.h>

/* --- What went wrong. */

ik_status cuda_check(cudaError_t code, const char *what, ik_error *err) {
    if (code == cudaSuccess) return IK_OK;
    return ik_errorf(err, IK_FAILED, "cuda: %s failed: %s (%s)", what, cudaGetErrorString(code),
                     cudaGetErrorName(code));
}

void cuda_note(cuda *c, cudaError_t code, const char *what) {
    if (code != cudaSuccess && !*c->failed.text) cuda_check(code, what, &c->failed);
}

ik_status cuda_pending(cuda *c, ik_error *err) {
    if (!*c->failed.text) return IK_OK;
    *err = c->failed;
    *c->failed.text = 0;
    return IK_FAILED;
}

ik_status cuda_not_here(ik_error *err) {
    return ik_errorf(err, IK_FAILED,
                     "cuda: the device is only planned for (`properties:`), nothing can run; use "
                     "--dry-run, or remove that option");
}

int cuda_multiprocessors(const cuda *c) {
    return c->multiprocessors;
}

/* --- Options. */

#define AT(field) offsetof(cuda, field)
static const ik_option options[] = {
    {"number", "which of the machine's devices", IK_OPT_INT, AT(device), "0", 0, 1023, NULL},
    {"autotune", "times cuDNN's best candidates for each convolution instead of trusting its guess",
     IK_OPT_BOOL, AT(autotune), "false", 0, 0, NULL},
    {"choices",
     "a file that keeps which engine computes which convolution, for later runs; auto: with "
     "autotune $XDG_CACHE_HOME/inadekit/cudnn-choices.tsv, else none; none: none",
     IK_OPT_STRING, AT(choices_file), "auto", 0, 0, NULL},
    {"scratch", "MiB that a convolution may use beside its tensors", IK_OPT_INT, AT(scratch),
     "1024", 1, 65536, NULL},
    {"graphs", "captures each program into a CUDA graph; false: launches kernel by kernel",
     IK_OPT_BOOL, AT(graphs), "true", 0, 0, NULL},
    {"bf16_from", "precision: bf16 stores pictures of features of at least so many channels in it",
     IK_OPT_INT, AT(bf16_from), "8", 1, 65536, NULL},
    {"properties",
     "a file with the properties of a device that is not here, as those in "
     "share/inadekit/devices: plans for it only",
     IK_OPT_STRING, AT(properties_file), "", 0, 0, NULL},
    {0}};

static ik_status cuda_precision(void *self, ik_precision precision, ik_error *err) {
    cuda *c = self;
    if ((unsigned)precision > IK_PRECISION_BF16)
        return ik_errorf(err, IK_FAILED, "knows f32, tf32 and bf16 only");
    c->precision = precision;
    return IK_OK;
}

/* --- Devices that are here. */

/* The oldest whose tensor cores know bf16. */
enum { OLDEST_MAJOR = 8 };

static bool cuda_probe(void *self, char *text, size_t size) {
    const cuda *c = self;
    int devices = 0, number = (int)c->device;
    struct cudaDeviceProp p;
    if (c->properties_file) {
        snprintf(text, size, "planned for the device of %s, which is not here", c->properties_file);
        return true;
    }
    cudaError_t code = cudaGetDeviceCount(&devices);
    if (code == cudaErrorInsufficientDriver)
        snprintf(text, size,
                 "no NVIDIA driver, or one too old for CUDA %d.%d; install the driver, or use "
                 "`device: cpu`",
                 CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    else if (code == cudaErrorNoDevice || (code == cudaSuccess && devices < 1))
        snprintf(text, size, "no NVIDIA GPU is visible; use `device: cpu`");
    else if (code == cudaSuccess && number >= devices)
        snprintf(text, size, "there is no GPU number %d, the last is %d", number, devices - 1);
    else if (code != cudaSuccess || (code = cudaGetDeviceProperties(&p, number)) != cudaSuccess)
        snprintf(text, size, "%s; use `device: cpu`", cudaGetErrorString(code));
    else if (p.major < OLDEST_MAJOR)
        snprintf(text, size,
                 "%s has compute capability %d.%d, at least %d.0 is needed; use `device: cpu`",
                 p.name, p.major, p.minor, OLDEST_MAJOR);
    else {
        snprintf(text, size, "%s, %.0f GiB, compute capability %d.%d, cuDNN %zu", p.name,
                 (double)p.totalGlobalMem / (1 << 30), p.major, p.minor, cudnnGetVersion());
        return true;
    }
    cudaGetLastError(); /* not to be met again by a later call */
    return false;
}

static ik_status open_device(cuda *c, char name[256], ik_error *err) {
    int number = (int)c->device;
    struct cudaDeviceProp p;
    ik_status status = cuda_check(cudaSetDevice(number), "taking the device", err);
    if (!status)
        status = cuda_check(cudaGetDeviceProperties(&p, number), "asking for the device", err);
    if (status) return status;
    snprintf(name, 256, "%s", p.name);
    c->multiprocessors = p.multiProcessorCount;
    c->cache_bytes = (size_t)p.l2CacheSize;
    status = cuda_check(cudaStreamCreateWithFlags(&c->stream, cudaStreamNonBlocking),
                        "making a stream", err);
    if (!status)
        status = cuda_check(cudaStreamCreateWithFlags(&c->copies, cudaStreamNonBlocking),
                            "making a stream", err);
    if (!status) status = cudnn_check(cudnnCreate(&c->target.handle), "starting", err);
    if (!status)
        status = cudnn_check(cudnnSetStream(c->target.handle, c->stream), "taking a stream", err);
    if (!status) status = cuda_matmul_open(c, err);
    if (!status) status = cuda_storage_open(c, err);
    /* An image of every kernel is there for this device, or PTX that the driver can compile. */
    if (!status) status = cuda_set_step(c->stream, &(ik_step){0}, c->step, err);
    if (!status) status = cuda_check(cudaStreamSynchronize(c->stream), "a first kernel", err);
    return status;
}

/* --- A device that is not. */

/* A whole number of the properties' JSON, which is flat. */
static bool number_of(const char *json, const char *key, double *out) {
    const char *at = strstr(json, key);
    at = at ? strchr(at, ':') : NULL;
    return at && sscanf(at + 1, "%lf", out) == 1;
}

static ik_status open_properties(cuda *c, char name[256], ik_error *err) {
#if CUDNN_VERSION >= 90800
    char json[8192];
    FILE *f = fopen(c->properties_file, "r");
    size_t n = f ? fread(json, 1, sizeof json - 1, f) : 0;
    if (f) fclose(f);
    json[n] = 0;
    double memory = 0, processors = 0;
    const char *quoted = strstr(json, "\"deviceName\"");
    if (!n || !number_of(json, "\"totalGlobalMem\"", &memory) ||
        !number_of(json, "\"multiProcessorCount\"", &processors) || !quoted ||
        sscanf(quoted, "\"deviceName\" : \"%255[^\"]", name) != 1)
        return ik_errorf(err, IK_FAILED,
                         "cuda: %s cannot be read, or holds no device's properties as cuDNN writes "
                         "them (deviceName, totalGlobalMem, multiProcessorCount, ...)",
                         c->properties_file);
    c->planning = true;
    c->planned_memory = (size_t)memory;
    c->multiprocessors = (int)processors;
    ik_status status = cudnn_check(
        cudnnBackendCreateDescriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, &c->target.properties),
        "describing a device", err);
    if (!status)
        status = cudnn_check(cudnnBackendSetAttribute(c->target.properties,
                                                      CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION,
                                                      CUDNN_TYPE_CHAR, (int64_t)n, json),
                             "describing a device", err);
    return status ? status
                  : cudnn_check(cudnnBackendFinalize(c->target.properties), "describing a device",
                                err);
#else
    (void)c, (void)name;
    return ik_errorf(err, IK_FAILED, "cuda: `properties:` needs cuDNN 9.8 or newer, here is %zu",
                     cudnnGetVersion());
#endif
}

/* --- Either. */

static void cuda_close(void *self) {
    cuda *c = self;
    ik_error err;
    if (c->stream) cudaStreamSynchronize(c->stream);
    if (choices_close(c->choices, &err)) fprintf(stderr, "warning: %s\n", err.text);
    c->choices = NULL;
    cuda_conv_close(c);
    cuda_layouts_close(c);
    cuda_replay_close(c);
    cuda_timing_close(c);
    if (!c->planning) cuda_storage_close(c);
    cuda_matmul_close(c);
    if (c->target.properties) cudnnBackendDestroyDescriptor(c->target.properties);
    if (c->target.handle) cudnnDestroy(c->target.handle);
    if (c->copies) cudaStreamDestroy(c->copies);
    if (c->stream) cudaStreamDestroy(c->stream);
    c->target = (plan_target){0};
    c->stream = c->copies = NULL;
}

/* Without timing there is nothing to keep: cuDNN's guess is at hand, and always the same. */
static choices *open_choices(const cuda *c, const char *device) {
    const char *given = c->choices_file && strcmp(c->choices_file, "none") ? c->choices_file : NULL;
    if (!given || strcmp(given, "auto")) return choices_open(given, device);
    char *path = c->autotune && !c->planning ? choices_default_path() : NULL;
    choices *opened = choices_open(path, device);
    free(path);
    return opened;
}

static ik_status cuda_open(void *self, int threads, ik_error *err) {
    (void)threads;
    cuda *c = self;
    char name[256] = "";
    ik_status status =
        c->properties_file ? open_properties(c, name, err) : open_device(c, name, err);
    if (!status) {
        c->choices = open_choices(c, name);
        if (!c->choices) status = ik_errorf(err, IK_FAILED, "cuda: out of memory");
    }
    if (status) cuda_close(c);
    return status;
}

static const ik_backend_iface iface = {
    .struct_size = sizeof(ik_backend_iface),
    .probe = cuda_probe,
    .open = cuda_open,
    .close = cuda_close,
    .element_bytes = cuda_element_bytes,
    .alloc = cuda_alloc,
    .free = cuda_free,
    .upload = cuda_upload,
    .download = cuda_download,
    .prepare = cuda_prepare,
    .replay = cuda_replay,
    .copy = cuda_copy,
    .axpby = cuda_axpby,
    .adam = cuda_adam,
    .preference = 20,
    .precision = cuda_precision,
    .storage = cuda_storage,
    .tensor_bytes = cuda_tensor_bytes,
    .read = cuda_read,
    .memory = cuda_memory,
    .wanted = cuda_wanted,
    .choices = cuda_choices,
    .recall = cuda_recall,
    .elapsed = cuda_elapsed,
    .profile = cuda_profile,
    .guard = cuda_guard,
    .guarded = cuda_guarded,
};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_BACKEND, "cuda", "0.1.0", "NVIDIA GPUs: cuDNN, cuBLASLt and own kernels"),
    .options = options,
    .instance_size = sizeof(cuda),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
