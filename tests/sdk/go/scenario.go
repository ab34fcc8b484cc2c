// What the official Go clients must be able to do.
// usage: scenario [MODULE...]
// A module is files, git and so on; without one, all of them.
package main

import (
	"fmt"
	"os"
	"time"
)

type step struct {
	title string
	body  func(*stage)
}

type module struct {
	name  string
	steps []step
}

// The life cycle comes last: it stops and deletes the sandbox of the others.
func modules() []module {
	return []module{
		{"files", fileSteps},
		{"process", processSteps},
		{"sessions", sessionSteps},
		{"pty", ptySteps},
		{"git", gitSteps},
		{"interpreter", interpreterSteps},
		{"lsp", lspSteps},
		{"ports", portSteps},
		{"life", lifeSteps},
	}
}

func chosen(name string) bool {
	for _, wanted := range os.Args[1:] {
		if wanted == name {
			return true
		}
	}
	return len(os.Args) == 1
}

func run(name string, body func()) {
	began := time.Now()
	body()
	fmt.Printf("ok %s (%d ms)\n", name, time.Since(began).Milliseconds())
}

func scenario() (status int) {
	s := newStage()
	defer s.cleanUp()
	defer func() {
		if problem := recover(); problem != nil {
			fmt.Printf("FAILED %v\n", problem)
			status = 1
		}
	}()
	run("create", s.create)
	for _, module := range modules() {
		if !chosen(module.name) {
			continue
		}
		for _, step := range module.steps {
			run(module.name+": "+step.title, func() { step.body(s) })
		}
	}
	fmt.Println("every step passed")
	return 0
}

func main() {
	os.Exit(scenario())
}
