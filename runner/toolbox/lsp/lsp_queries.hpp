// What callers want to know of a language server that runs. In the keeper.
#pragma once

#include <string>

#include "runner/toolbox/lsp/documents.hpp"
#include "runner/toolbox/lsp/lsp_requests.hpp"

namespace varve::toolbox {

class lsp_queries {
 public:
  // `project` is absolute.
  lsp_queries(language_client& server, const language& of, std::string workdir,
              std::string project)
      : server_{server}, language_{of}, workdir_{std::move(workdir)},
        project_{std::move(project)}, documents_{server, of} {
    // nop
  }

  // Such a server as finds symbols knows a project by the files that are
  // open, and takes its time with the first: opens one where none is.
  void warm_up();

  // Of any verb but start and stop.
  outcome<response> answer(const lsp_request& what);

 private:
  outcome<std::string> document_of(const lsp_request& what) const;
  // Whatever the server needs to answer for the file.
  outcome<void> prepare(const std::string& path);
  outcome<response> completions(const lsp_request& what);
  outcome<response> document_symbols(const lsp_request& what);
  outcome<response> workspace_symbols(const lsp_request& what);
  // For a server that has no such request: from the symbols of each file that
  // contains the text. All of them or a problem.
  outcome<response> search_files(const std::string& query);

  language_client& server_;
  const language& language_;
  std::string workdir_;
  std::string project_;
  documents documents_;
};

} // namespace varve::toolbox
