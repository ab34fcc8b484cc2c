// The table state x trigger as a page for people (ops/docs/sandbox-states.md).
#pragma once

#include <string>

namespace varve::sandbox {

// Markdown.
std::string table_page();

} // namespace varve::sandbox
