package main

import (
	"strings"

	toolbox "github.com/daytonaio/daytona/libs/toolbox-api-client-go"
)

var processSteps = []step{
	{"runs Python", runsPython},
	{"executes commands", executesCommands},
	{"ends what takes too long", endsWhatTakesTooLong},
}

func runsPython(s *stage) {
	wish := toolbox.NewCodeRunRequest(
		"import sys\nprint(sum(map(int, sys.argv[1:])))", "python")
	wish.Argv = []string{"40", "2"}
	sum := must(s.box.ProcessAPI.CodeRun(s.ctx).Request(*wish).Execute())
	same(*sum.ExitCode, int32(0))
	same(*sum.Result, "42\n")
	wish = toolbox.NewCodeRunRequest(`raise ValueError("no")`, "python")
	raised := must(s.box.ProcessAPI.CodeRun(s.ctx).Request(*wish).Execute())
	holds(*raised.ExitCode != 0, "a raised error must not exit with 0")
	holds(strings.Contains(*raised.Result, "ValueError: no"), *raised.Result)
}

func executesCommands(s *stage) {
	wish := toolbox.NewExecuteRequest(`pwd; echo "$FLAVOUR" >&2; exit 7`)
	wish.SetCwd("/tmp")
	answer := must(s.box.ProcessAPI.ExecuteCommand(s.ctx).Request(*wish).
		Execute())
	same(*answer.ExitCode, int32(7))
	same(answer.Result, "/tmp\nmint\n")
}

func endsWhatTakesTooLong(s *stage) {
	wish := toolbox.NewExecuteRequest("sleep 60")
	wish.SetTimeout(1)
	_, response, err := s.box.ProcessAPI.ExecuteCommand(s.ctx).
		Request(*wish).Execute()
	refused(408, response, err)
	same(strings.Contains(describe(err).Error(), "timeout"), true)
}
