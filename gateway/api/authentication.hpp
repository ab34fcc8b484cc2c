// Whose key a request bears.
#pragma once

#include "gateway/api/services.hpp"

namespace varve::gateway {

// unauthorized for a missing, unknown or expired key, all with one text;
// errors of the queries when they cannot say.
result<principal> authenticate(services& s, const request& r);

// The same of a key in clear.
result<principal> principal_of(services& s, std::string_view key);

// The key of that hash is still good.
result<bool> is_valid_key(services& s, const log::digest& hash);

} // namespace varve::gateway
