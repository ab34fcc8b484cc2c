// A memory environment whose files stop being written on command.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include <rocksdb/env.h>

namespace varve::log::samples {

class failing_env final : public rocksdb::EnvWrapper {
 public:
  failing_env() : failing_env(rocksdb::NewMemEnv(rocksdb::Env::Default())) {
    // nop
  }

  std::atomic<bool> fails{false};

  const char* Name() const override {
    return "failing_env";
  }
  rocksdb::Status NewWritableFile(const std::string& name,
                                  std::unique_ptr<rocksdb::WritableFile>* out,
                                  const rocksdb::EnvOptions& options) override {
    std::unique_ptr<rocksdb::WritableFile> inner;
    auto status = target()->NewWritableFile(name, &inner, options);
    if (status.ok())
      out->reset(new file{std::move(inner), fails});
    return status;
  }

 private:
  class file final : public rocksdb::WritableFileWrapper {
   public:
    file(std::unique_ptr<rocksdb::WritableFile> inner,
         const std::atomic<bool>& fails)
        : rocksdb::WritableFileWrapper(inner.get()), inner_(std::move(inner)),
          fails_(fails) {
      // nop
    }
    rocksdb::Status Sync() override {
      if (fails_)
        return rocksdb::Status::IOError("the disk is gone");
      return rocksdb::WritableFileWrapper::Sync();
    }

   private:
    std::unique_ptr<rocksdb::WritableFile> inner_;
    const std::atomic<bool>& fails_;
  };

  explicit failing_env(rocksdb::Env* memory)
      : rocksdb::EnvWrapper(memory), memory_(memory) {
    // nop
  }

  std::unique_ptr<rocksdb::Env> memory_;
};

} // namespace varve::log::samples
