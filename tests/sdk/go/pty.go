package main

import toolbox "github.com/daytonaio/daytona/libs/toolbox-api-client-go"

// The clients open no WebSocket: what a terminal shows is not seen here.
var ptySteps = []step{
	{"is listed, resized and killed", ptyIsListed},
}

func ptyIsListed(s *stage) {
	wish := toolbox.NewPtyCreateRequest()
	wish.SetId("terminal")
	wish.SetCols(90)
	wish.SetRows(20)
	made := must(s.box.ProcessAPI.CreatePtySession(s.ctx).Request(*wish).
		Execute())
	same(made.SessionId, "terminal")
	_, response, err := s.box.ProcessAPI.CreatePtySession(s.ctx).
		Request(*wish).Execute()
	refused(409, response, err)
	listed := must(s.box.ProcessAPI.ListPtySessions(s.ctx).Execute())
	same(len(listed.Sessions), 1)
	same([]int32{listed.Sessions[0].Cols, listed.Sessions[0].Rows},
		[]int32{90, 20})
	resized := must(s.box.ProcessAPI.ResizePtySession(s.ctx, "terminal").
		Request(*toolbox.NewPtyResizeRequest(91, 21)).Execute())
	same([]int32{resized.Cols, resized.Rows}, []int32{91, 21})
	// The client cannot decode this answer, whoever gives it: it wants an
	// object of objects where a text is.
	_, response, _ = s.box.ProcessAPI.DeletePtySession(s.ctx, "terminal").
		Execute()
	same(response.StatusCode, 200)
	_, response, err = s.box.ProcessAPI.GetPtySession(s.ctx, "terminal").
		Execute()
	refused(404, response, err)
}
