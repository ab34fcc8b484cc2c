package main

import (
	"strings"

	toolbox "github.com/daytonaio/daytona/libs/toolbox-api-client-go"
)

var lspSteps = []step{
	{"understands Python", understandsPython},
}

const greeter = `class Greeter:
    def greet(self):
        return "hi"

Greeter().
`

func contains(symbols []toolbox.LspSymbol, name string) {
	for _, symbol := range symbols {
		if symbol.Name == name {
			return
		}
	}
	fail("no symbol " + name)
}

func understandsPython(s *stage) {
	const language, project, uri = "python", "snake", "file://snake/main.py"
	lsp := s.box.LspAPI
	s.upload("snake/main.py", []byte(greeter))
	running := *toolbox.NewLspServerRequest(language, project)
	document := *toolbox.NewLspDocumentRequest(language, project, uri)
	done(lsp.Start(s.ctx).Request(running).Execute())
	done(lsp.DidOpen(s.ctx).Request(document).Execute())
	contains(must(lsp.DocumentSymbols(s.ctx).LanguageId(language).
		PathToProject(project).Uri(uri).Execute()), "greet")
	contains(must(lsp.WorkspaceSymbols(s.ctx).LanguageId(language).
		PathToProject(project).Query("Greeter").Execute()), "Greeter")
	found := must(lsp.Completions(s.ctx).Request(
		*toolbox.NewLspCompletionParams(language, project,
			*toolbox.NewLspPosition(10, 4), uri)).Execute())
	offered := false
	for _, item := range found.Items {
		offered = offered || strings.HasPrefix(item.Label, "greet")
	}
	holds(offered, "greet is not offered")
	done(lsp.DidClose(s.ctx).Request(document).Execute())
	done(lsp.Stop(s.ctx).Request(running).Execute())
}
