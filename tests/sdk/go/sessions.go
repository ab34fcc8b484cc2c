package main

import (
	"strings"

	toolbox "github.com/daytonaio/daytona/libs/toolbox-api-client-go"
)

var sessionSteps = []step{
	{"keeps its state", keepsItsState},
	{"takes input", takesInput},
	{"refuses and forgets", refusesAndForgets},
}

func (s *stage) session(id string) {
	done(s.box.ProcessAPI.CreateSession(s.ctx).
		Request(*toolbox.NewCreateSessionRequest(id)).Execute())
}

func (s *stage) executeIn(id, command string,
	async bool) *toolbox.SessionExecuteResponse {
	wish := toolbox.NewSessionExecuteRequest(command)
	wish.SetRunAsync(async)
	wish.SetSuppressInputEcho(true)
	return must(s.box.ProcessAPI.SessionExecuteCommand(s.ctx, id).
		Request(*wish).Execute())
}

func keepsItsState(s *stage) {
	s.session("state")
	s.executeIn("state", "cd /tmp && export COLOUR=teal", false)
	second := s.executeIn("state", `pwd; echo "$COLOUR" >&2; (exit 3)`, false)
	same(*second.ExitCode, int32(3))
	same([]string{*second.Stdout, *second.Stderr},
		[]string{"/tmp\n", "teal\n"})
	logs := must(s.box.ProcessAPI.GetSessionCommandLogs(s.ctx, "state",
		second.CmdId).Execute())
	same([]string{logs.Stdout, logs.Stderr}, []string{"/tmp\n", "teal\n"})
	known := must(s.box.ProcessAPI.GetSession(s.ctx, "state").Execute())
	same(len(known.Commands), 2)
	done(s.box.ProcessAPI.DeleteSession(s.ctx, "state").Execute())
}

func takesInput(s *stage) {
	s.session("input")
	asked := s.executeIn("input", `read -r name; echo "hello $name"`, true)
	holds(asked.ExitCode == nil, "an exit code before the end")
	done(s.box.ProcessAPI.SendInput(s.ctx, "input", asked.CmdId).
		Request(*toolbox.NewSessionSendInputRequest("Ada\n")).Execute())
	// A session runs one command at a time: this one waits for the other.
	s.executeIn("input", "true", false)
	logs := must(s.box.ProcessAPI.GetSessionCommandLogs(s.ctx, "input",
		asked.CmdId).Execute())
	same(logs.Stdout, "hello Ada\n")
	response, err := s.box.ProcessAPI.SendInput(s.ctx, "input", asked.CmdId).
		Request(*toolbox.NewSessionSendInputRequest("late\n")).Execute()
	refused(410, response, err)
	done(s.box.ProcessAPI.DeleteSession(s.ctx, "input").Execute())
}

func refusesAndForgets(s *stage) {
	s.session("gone")
	response, err := s.box.ProcessAPI.CreateSession(s.ctx).
		Request(*toolbox.NewCreateSessionRequest("gone")).Execute()
	refused(409, response, err)
	left := s.executeIn("gone", "sleep 300 & echo $!; exit 4", false)
	same(*left.ExitCode, int32(4))
	done(s.box.ProcessAPI.DeleteSession(s.ctx, "gone").Execute())
	_, response, err = s.box.ProcessAPI.GetSession(s.ctx, "gone").Execute()
	refused(404, response, err)
	job := strings.TrimSpace(*left.Stdout)
	s.shell("! kill -0 " + job)
}
