package main

import (
	"encoding/json"
	"net/http"
	"time"

	api "github.com/daytonaio/daytona/libs/api-client-go"
)

// The life of a sandbox; the last step deletes it.
var lifeSteps = []step{
	{"is listed", isListed},
	{"stops and starts", stopsAndStarts},
	{"is deleted", isDeleted},
}

func (s *stage) ids(labels map[string]string) []string {
	text, err := json.Marshal(labels)
	check(err)
	page := must(s.api.SandboxAPI.ListSandboxes(s.ctx).Labels(string(text)).
		Execute())
	found := []string{}
	for _, item := range page.Items {
		found = append(found, item.Id)
	}
	return found
}

func isListed(s *stage) {
	same(s.ids(map[string]string{"mark": s.mark}), []string{s.sandbox.Id})
	same(s.ids(map[string]string{"mark": "another"}), []string{})
	byName := must(s.api.SandboxAPI.GetSandbox(s.ctx, s.sandbox.Name).
		Execute())
	same(byName.Id, s.sandbox.Id)
}

// waits polls as the SDK does, for half a minute at most.
func (s *stage) waits(state api.SandboxState) {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		now := must(s.api.SandboxAPI.GetSandbox(s.ctx, s.sandbox.Id).
			Execute())
		if *now.State == state {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	fail("the sandbox is not " + string(state))
}

func stopsAndStarts(s *stage) {
	s.upload("kept.txt", []byte("still here"))
	must(s.api.SandboxAPI.StopSandbox(s.ctx, s.sandbox.Id).Execute())
	s.waits(api.SANDBOXSTATE_STOPPED)
	must(s.api.SandboxAPI.StartSandbox(s.ctx, s.sandbox.Id).Execute())
	s.waits(api.SANDBOXSTATE_STARTED)
	same(string(s.download("kept.txt")), "still here")
}

func isDeleted(s *stage) {
	id := s.sandbox.Id
	must(s.api.SandboxAPI.DeleteSandbox(s.ctx, id).Execute())
	s.sandbox = nil
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		_, response, _ := s.api.SandboxAPI.GetSandbox(s.ctx, id).Execute()
		if response.StatusCode == http.StatusNotFound {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	fail("the sandbox is still there")
}
