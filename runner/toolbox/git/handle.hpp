// Owns what libgit2 allocates.
#pragma once

#include <utility>

#include <git2.h>

namespace varve::toolbox::git {

template <class T, void (*Free)(T*)>
class handle {
 public:
  handle() = default;
  handle(handle&& other) noexcept : it_{std::exchange(other.it_, nullptr)} {
    // nop
  }
  handle& operator=(handle&& other) noexcept {
    std::swap(it_, other.it_);
    return *this;
  }
  ~handle() {
    Free(it_);
  }

  // Where a function of libgit2 leaves a new one.
  T** put() {
    Free(it_);
    it_ = nullptr;
    return &it_;
  }
  T* get() const {
    return it_;
  }
  operator T*() const {
    return it_;
  }

 private:
  T* it_ = nullptr;
};

using repository = handle<git_repository, git_repository_free>;
using reference = handle<git_reference, git_reference_free>;
using reference_iterator =
    handle<git_reference_iterator, git_reference_iterator_free>;
using remote = handle<git_remote, git_remote_free>;
using config = handle<git_config, git_config_free>;
using config_entry = handle<git_config_entry, git_config_entry_free>;
using object = handle<git_object, git_object_free>;
using commit = handle<git_commit, git_commit_free>;
using tree = handle<git_tree, git_tree_free>;
using index = handle<git_index, git_index_free>;
using signature = handle<git_signature, git_signature_free>;
using status_list = handle<git_status_list, git_status_list_free>;
using walk = handle<git_revwalk, git_revwalk_free>;
using annotated_commit =
    handle<git_annotated_commit, git_annotated_commit_free>;
using object_store = handle<git_odb, git_odb_free>;
using stored_object = handle<git_odb_object, git_odb_object_free>;

// A text that libgit2 wrote.
class text_buffer {
 public:
  text_buffer() = default;
  text_buffer(const text_buffer&) = delete;
  ~text_buffer() {
    git_buf_dispose(&it_);
  }
  git_buf* put() {
    return &it_;
  }
  const char* c_str() const {
    return it_.ptr;
  }

 private:
  git_buf it_ = GIT_BUF_INIT;
};

} // namespace varve::toolbox::git
