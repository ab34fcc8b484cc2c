package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"sort"

	api "github.com/daytonaio/daytona/libs/api-client-go"
	toolbox "github.com/daytonaio/daytona/libs/toolbox-api-client-go"
)

const clientVersion = "v0.190.0" // with the v that the Go SDK sends

// What the steps share: the clients, and the sandbox that they speak of.
type stage struct {
	ctx     context.Context
	api     *api.APIClient
	sandbox *api.Sandbox
	box     *toolbox.APIClient
	mark    string
	scratch string
	commit  string // the first one of the served repository
}

func newStage() *stage {
	scratch, err := os.MkdirTemp("", "varve-sdk-")
	check(err)
	settings := api.NewConfiguration()
	settings.Servers = api.ServerConfigurations{
		{URL: os.Getenv("DAYTONA_API_URL")}}
	for name, value := range headers() {
		settings.AddDefaultHeader(name, value)
	}
	return &stage{ctx: context.Background(), api: api.NewAPIClient(settings),
		mark: filepath.Base(scratch), scratch: scratch}
}

func headers() map[string]string {
	return map[string]string{
		"Authorization":         "Bearer " + os.Getenv("DAYTONA_API_KEY"),
		"X-Daytona-Source":      "sdk-go",
		"X-Daytona-SDK-Version": clientVersion,
	}
}

func (s *stage) create() {
	wish := api.NewCreateSandbox()
	wish.SetLabels(map[string]string{
		"mark": s.mark, "code-toolbox-language": "python"})
	wish.SetEnv(map[string]string{"FLAVOUR": "mint"})
	s.sandbox = must(s.api.SandboxAPI.CreateSandbox(s.ctx).
		CreateSandbox(*wish).Execute())
	same(*s.sandbox.State, api.SANDBOXSTATE_STARTED)
	settings := toolbox.NewConfiguration()
	settings.Servers = toolbox.ServerConfigurations{
		{URL: s.sandbox.ToolboxProxyUrl + "/" + s.sandbox.Id}}
	for name, value := range headers() {
		settings.AddDefaultHeader(name, value)
	}
	s.box = toolbox.NewAPIClient(settings)
}

func (s *stage) cleanUp() {
	if s.sandbox != nil {
		_, _, err := s.api.SandboxAPI.DeleteSandbox(s.ctx, s.sandbox.Id).
			Execute()
		if err != nil {
			fmt.Fprintf(os.Stderr, "left behind: %s: %v\n", s.sandbox.Id, err)
		}
	}
	os.RemoveAll(s.scratch)
}

// shell runs a command that must succeed and returns its output.
func (s *stage) shell(command string) string {
	answer := must(s.box.ProcessAPI.ExecuteCommand(s.ctx).
		Request(*toolbox.NewExecuteRequest(command)).Execute())
	if *answer.ExitCode != 0 {
		fail(answer.Result)
	}
	return answer.Result
}

// localFile writes one for the clients, which upload nothing else.
func (s *stage) localFile(content []byte) *os.File {
	path := filepath.Join(s.scratch, "local")
	check(os.WriteFile(path, content, 0o600))
	file, err := os.Open(path)
	check(err)
	return file
}

func (s *stage) upload(path string, content []byte) {
	file := s.localFile(content)
	defer file.Close()
	must(s.box.FileSystemAPI.UploadFile(s.ctx).Path(path).File(file).
		Execute())
}

func (s *stage) download(path string) []byte {
	file := must(s.box.FileSystemAPI.DownloadFile(s.ctx).Path(path).Execute())
	defer os.Remove(file.Name())
	defer file.Close()
	content, err := os.ReadFile(file.Name())
	check(err)
	return content
}

func fail(what string) {
	panic(what + "\n" + string(debug.Stack()))
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func holds(claim bool, what string) {
	if !claim {
		fail(what)
	}
}

func same(found, expected interface{}) {
	if !reflect.DeepEqual(found, expected) {
		fail(fmt.Sprintf("%#v instead of %#v", found, expected))
	}
}

// must returns what a call answered, which must be a success.
func must[T any](value T, _ *http.Response, err error) T {
	check(describe(err))
	return value
}

// done is must for calls that answer nothing.
func done(_ *http.Response, err error) {
	check(describe(err))
}

// refused says that the call must be answered with the status.
func refused(status int, response *http.Response, err error) {
	holds(err != nil, "it was not refused")
	same(response.StatusCode, status)
}

func describe(err error) error {
	if full, ok := err.(*toolbox.GenericOpenAPIError); ok {
		return fmt.Errorf("%v: %s", err, full.Body())
	}
	if full, ok := err.(*api.GenericOpenAPIError); ok {
		return fmt.Errorf("%v: %s", err, full.Body())
	}
	return err
}

func sorted(names []string) []string {
	sort.Strings(names)
	return names
}
