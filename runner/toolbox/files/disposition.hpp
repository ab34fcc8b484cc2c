// Content-Disposition values (RFC 6266, RFC 8187) for names of any bytes.
#pragma once

#include <string>
#include <string_view>

namespace varve::toolbox::files {

// `kind; filename="..."; filename*=utf-8''...`, where kind is "attachment" or
// `form-data; name="file"`. A client that reads the first gets the name
// byte for byte when it is ASCII, one that knows the second always does.
std::string disposition(std::string_view kind, std::string_view filename);

} // namespace varve::toolbox::files
