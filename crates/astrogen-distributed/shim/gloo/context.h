// The names of gloo's types that libtorch's headers mention. libtorch has gloo inside, and ships none of
// its headers; nothing here is ever called or made.
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace gloo {
struct Context {
  void setTimeout(std::chrono::milliseconds);
};
namespace transport {
class Device;
struct UnboundBuffer {
  virtual ~UnboundBuffer() = 0;
};
}  // namespace transport
namespace rendezvous {
struct Store {
  virtual ~Store() = default;
  virtual void set(const std::string&, const std::vector<char>&) = 0;
  virtual std::vector<char> get(const std::string&) = 0;
  virtual void wait(const std::vector<std::string>&) = 0;
  virtual void wait(const std::vector<std::string>&, const std::chrono::milliseconds&) = 0;
};
}  // namespace rendezvous
}  // namespace gloo
