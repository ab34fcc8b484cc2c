// Reads the small text files by which the kernel tells what is (/proc, cgroup
// directories). For children: opening one may block.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace varve::toolbox {

// At most 64 KiB of it; nullopt when it cannot be read.
std::optional<std::string> kernel_text(const std::string& path);

// A file that holds one number; nullopt also for "max" and the like.
std::optional<std::uint64_t> kernel_number(const std::string& path);

// The number after `name` in lines of "name number".
std::optional<std::uint64_t> kernel_member(const std::string& path,
                                           std::string_view name);

// Every line without its end, however large the file; false when it cannot be
// opened. Lines over 4 KiB are left out.
bool for_each_line(const std::string& path,
                   const std::function<void(std::string_view)>& take);

} // namespace varve::toolbox
