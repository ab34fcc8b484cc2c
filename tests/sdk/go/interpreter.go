package main

import toolbox "github.com/daytonaio/daytona/libs/toolbox-api-client-go"

// The clients open no WebSocket: they keep contexts and run nothing in them.
var interpreterSteps = []step{
	{"keeps contexts", keepsContexts},
}

func keepsContexts(s *stage) {
	interpreter := s.box.InterpreterAPI
	known := func() int {
		return len(must(interpreter.ListInterpreterContexts(s.ctx).
			Execute()).Contexts)
	}
	wish := toolbox.NewCreateContextRequest()
	wish.SetCwd("/tmp")
	made := must(interpreter.CreateInterpreterContext(s.ctx).Request(*wish).
		Execute())
	same([]string{made.Cwd, made.Language}, []string{"/tmp", "python"})
	same(known(), 1)
	must(interpreter.DeleteInterpreterContext(s.ctx, made.Id).Execute())
	same(known(), 0)
	_, response, err := interpreter.DeleteInterpreterContext(s.ctx, made.Id).
		Execute()
	refused(404, response, err)
}
