// libtorch's distributed engine behind a C interface: a store of keys and values, and a group of
// processes that add and copy tensors over gloo. src/engine.rs is the only one that calls it.
//
// Every function gives null, or what was thrown as text that the caller frees with `free`.
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/version.h>

#include <cstdlib>
#include <cstring>

namespace {

using Milliseconds = std::chrono::milliseconds;

struct Store {
  c10::intrusive_ptr<c10d::Store> keys;
};

struct Gloo {
  c10::intrusive_ptr<c10d::ProcessGroupGloo> processes;
};

template <class Body>
char* caught(Body&& body) {
  try {
    body();
    return nullptr;
  } catch (const c10::Error& error) {
    return strdup(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return strdup(error.what());
  } catch (...) {
    return strdup("an exception without words");
  }
}

std::shared_ptr<::gloo::transport::Device> device(const std::string& address) {
  if (!address.empty()) return c10d::ProcessGroupGloo::createDeviceForHostname(address);
  const char* interface = std::getenv("GLOO_SOCKET_IFNAME");
  if (interface && *interface) return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
  return c10d::ProcessGroupGloo::createDefaultDevice();
}

}  // namespace

extern "C" {

// The store at this address, which this process keeps if `kept_here`, at the socket `listener` if that is not
// negative. Keys are those of `prefix`.
char* astrogen_store_open(Store** out, const char* host, uint16_t port, int kept_here, int listener,
                          const char* prefix, int64_t timeout_ms) {
  return caught([&] {
    // libtorch logs what it also throws, each time with a page of addresses. Errors are ours to tell.
    if (!std::getenv("TORCH_CPP_LOG_LEVEL")) FLAGS_caffe2_log_level = 3;  // fatal
    c10d::TCPStoreOptions options;
    options.port = port;
    options.isServer = kept_here != 0;
    if (listener >= 0) options.masterListenFd = listener;
    options.waitWorkers = false;  // the roll is called by name, over the store itself
    options.timeout = Milliseconds(timeout_ms);
    auto tcp = c10::make_intrusive<c10d::TCPStore>(host, options);
    *out = new Store{c10::make_intrusive<c10d::PrefixStore>(prefix, tcp)};
  });
}

char* astrogen_store_set(Store* store, const char* key, const uint8_t* bytes, size_t length) {
  return caught([&] { store->keys->set(key, std::vector<uint8_t>(bytes, bytes + length)); });
}

char* astrogen_store_check(Store* store, const char* key, int* there) {
  return caught([&] { *there = store->keys->check({key}) ? 1 : 0; });
}

// Waits for the key; the value is the caller's to free.
char* astrogen_store_get(Store* store, const char* key, int64_t timeout_ms, uint8_t** bytes,
                         size_t* length) {
  return caught([&] {
    store->keys->wait({key}, Milliseconds(timeout_ms));
    auto value = store->keys->get(key);
    auto* copy = static_cast<uint8_t*>(std::malloc(value.size() + 1));
    if (!copy) throw std::bad_alloc();
    std::memcpy(copy, value.data(), value.size());
    *bytes = copy;
    *length = value.size();
  });
}

void astrogen_store_drop(Store* store) { delete store; }

// `address`: of this machine, where others reach it; empty is libtorch's own choice. Connecting may take
// `join_ms`, every exchange `wait_ms`.
char* astrogen_gloo_open(Gloo** out, Store* store, int rank, int size, const char* address,
                         int64_t join_ms, int64_t wait_ms) {
  return caught([&] {
// Before libtorch 2.13 a group of gloo's may keep to the time that it was made with.
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 13
    const auto first_ms = join_ms;
#else
    const auto first_ms = wait_ms;
#endif
    auto options = c10d::ProcessGroupGloo::Options::create(Milliseconds(first_ms));
    options->devices = {device(address)};
    auto processes = c10::make_intrusive<c10d::ProcessGroupGloo>(store->keys, rank, size, options);
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 13
    // Not inlined (build.rs): it calls gloo itself.
    static_cast<c10d::Backend&>(*processes).setTimeout(Milliseconds(wait_ms));
#endif
    *out = new Gloo{processes};
  });
}

// In place, the sum over all processes.
char* astrogen_gloo_sum(Gloo* gloo, at::Tensor* tensor) {
  return caught([&] {
    std::vector<at::Tensor> tensors{*tensor};
    gloo->processes->allreduce(tensors, {})->wait();
  });
}

// In place, the tensor of process 0.
char* astrogen_gloo_broadcast(Gloo* gloo, at::Tensor* tensor) {
  return caught([&] {
    std::vector<at::Tensor> tensors{*tensor};
    gloo->processes->broadcast(tensors, {})->wait();
  });
}

void astrogen_gloo_drop(Gloo* gloo) { delete gloo; }

}  // extern "C"
