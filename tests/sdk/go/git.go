package main

import (
	"os"
	"path/filepath"
	"strings"

	toolbox "github.com/daytonaio/daytona/libs/toolbox-api-client-go"
)

// Git, against a server that asks for a password.
var gitSteps = []step{
	{"is served", gitIsServed},
	{"clones", gitClones},
	{"commits", gitCommits},
	{"branches", gitBranches},
	{"pushes and pulls", gitPushesAndPulls},
}

const (
	remote   = "http://127.0.0.1:8418/project.git"
	user     = "ada"
	password = "s3cret"
)

func gitIsServed(s *stage) {
	for _, path := range []string{
		"sdk/guest/serve_git.sh", "harness/git_server.py"} {
		content, err := os.ReadFile(
			filepath.Join(os.Getenv("VARVE_TESTS"), path))
		check(err)
		s.upload("/tmp/"+filepath.Base(path), content)
	}
	s.commit = strings.TrimSpace(s.shell(
		"sh /tmp/serve_git.sh /tmp/served " + user + " " + password))
}

func cloneOf(path string) *toolbox.GitCloneRequest {
	wish := toolbox.NewGitCloneRequest(path, remote)
	wish.SetUsername(user)
	wish.SetPassword(password)
	return wish
}

func login(path, word string) toolbox.GitRepoRequest {
	wish := toolbox.NewGitRepoRequest(path)
	wish.SetUsername(user)
	wish.SetPassword(word)
	return *wish
}

func (s *stage) clone(wish *toolbox.GitCloneRequest) {
	done(s.box.GitAPI.CloneRepository(s.ctx).Request(*wish).Execute())
}

func (s *stage) status() *toolbox.GitStatus {
	return must(s.box.GitAPI.GetStatus(s.ctx).Path("project").Execute())
}

func (s *stage) commitAll(path, message string, empty bool) string {
	done(s.box.GitAPI.AddFiles(s.ctx).
		Request(*toolbox.NewGitAddRequest([]string{"."}, path)).Execute())
	wish := toolbox.NewGitCommitRequest("Ada", "ada@example.test", message,
		path)
	wish.SetAllowEmpty(empty)
	return must(s.box.GitAPI.CommitChanges(s.ctx).Request(*wish).
		Execute()).Hash
}

func gitClones(s *stage) {
	wrong := cloneOf("denied")
	wrong.SetPassword("wrong")
	response, err := s.box.GitAPI.CloneRepository(s.ctx).Request(*wrong).
		Execute()
	refused(401, response, err)
	s.clone(cloneOf("project"))
	same(string(s.download("project/file.txt")), "two\n")
	status := s.status()
	same(status.CurrentBranch, "main")
	same(len(status.FileStatus), 0)
	same(*status.BranchPublished, true)
	past := cloneOf("past")
	past.SetCommitId(s.commit)
	s.clone(past)
	same(string(s.download("past/file.txt")), "one\n")
}

func gitCommits(s *stage) {
	s.upload("project/new.txt", []byte("new"))
	file := s.status().FileStatus[0]
	same(file.Name, "new.txt")
	same(file.Worktree, toolbox.STATUS_Untracked)
	same(len(s.commitAll("project", "Add a file", false)), 40)
	status := s.status()
	same(len(status.FileStatus), 0)
	same(*status.Ahead, int32(1))
	history := must(s.box.GitAPI.GetCommitHistory(s.ctx).Path("project").
		Execute())
	same(len(history), 3)
	same(history[0].Author, "Ada")
}

func gitBranches(s *stage) {
	git := s.box.GitAPI
	names := func() []string {
		return sorted(must(git.ListBranches(s.ctx).Path("project").
			Execute()).Branches)
	}
	done(git.CreateBranch(s.ctx).Request(
		*toolbox.NewGitBranchRequest("topic", "project")).Execute())
	same(names(), []string{"main", "topic"})
	same(s.status().CurrentBranch, "topic")
	done(git.CheckoutBranch(s.ctx).Request(
		*toolbox.NewGitCheckoutRequest("main", "project")).Execute())
	done(git.DeleteBranch(s.ctx).Request(
		*toolbox.NewGitDeleteBranchRequest("topic", "project")).Execute())
	same(names(), []string{"main"})
	response, err := git.CheckoutBranch(s.ctx).Request(
		*toolbox.NewGitCheckoutRequest("nowhere", "project")).Execute()
	refused(404, response, err)
}

func gitPushesAndPulls(s *stage) {
	git := s.box.GitAPI
	response, err := git.PushChanges(s.ctx).
		Request(login("project", "wrong")).Execute()
	refused(401, response, err)
	done(git.PushChanges(s.ctx).Request(login("project", password)).
		Execute())
	same(*s.status().Ahead, int32(0))
	s.clone(cloneOf("other"))
	s.upload("other/theirs.txt", []byte("theirs"))
	s.commitAll("other", "Theirs", false)
	done(git.PushChanges(s.ctx).Request(login("other", password)).Execute())
	done(git.PullChanges(s.ctx).Request(login("project", password)).
		Execute())
	same(string(s.download("project/theirs.txt")), "theirs")
	s.commitAll("project", "Nothing", true)
	done(git.PushChanges(s.ctx).Request(login("project", password)).
		Execute())
	s.commitAll("other", "Late", true)
	response, err = git.PushChanges(s.ctx).Request(login("other", password)).
		Execute()
	refused(409, response, err)
}
