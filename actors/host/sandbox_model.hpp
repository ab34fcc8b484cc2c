#pragma once

#include <memory>
#include <string>

#include "actors/host/model.hpp"

namespace varve::host {

std::unique_ptr<aggregate_model> make_sandbox_model(std::string id);

} // namespace varve::host
