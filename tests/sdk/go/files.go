package main

import (
	"bytes"
	"crypto/rand"
	"time"

	toolbox "github.com/daytonaio/daytona/libs/toolbox-api-client-go"
)

var fileSteps = []step{
	{"knows its folders", knowsItsFolders},
	{"moves text", movesText},
	{"moves 8 MiB", movesBinary},
	{"describes", describes},
	{"changes permissions", changesPermissions},
	{"finds and replaces", findsAndReplaces},
	{"moves and deletes", movesAndDeletes},
}

func (s *stage) list(path string) []string {
	names := []string{}
	for _, file := range must(s.box.FileSystemAPI.ListFiles(s.ctx).
		Path(path).Execute()) {
		names = append(names, file.Name)
	}
	return names
}

func (s *stage) info(path string) *toolbox.FileInfo {
	return must(s.box.FileSystemAPI.GetFileInfo(s.ctx).Path(path).Execute())
}

func knowsItsFolders(s *stage) {
	work := must(s.box.InfoAPI.GetWorkDir(s.ctx).Execute())
	home := must(s.box.InfoAPI.GetUserHomeDir(s.ctx).Execute())
	same(work.Dir+"\n"+home.Dir+"\n", s.shell(`pwd; echo "$HOME"`))
}

func movesText(s *stage) {
	s.upload("notes/a.txt", []byte("täxt\n"))
	same(string(s.download("notes/a.txt")), "täxt\n")
	same(s.list("notes"), []string{"a.txt"})
}

func movesBinary(s *stage) {
	data := make([]byte, 8<<20)
	_, err := rand.Read(data)
	check(err)
	s.upload("/tmp/big.bin", data)
	holds(bytes.Equal(s.download("/tmp/big.bin"), data), "other bytes")
}

func describes(s *stage) {
	files := s.box.FileSystemAPI
	done(files.CreateFolder(s.ctx).Path("made/inside").Mode("0750").Execute())
	folder := s.info("made/inside")
	same([]string{folder.Permissions, folder.Mode},
		[]string{"0750", "drwxr-x---"})
	holds(folder.IsDir, "no folder")
	s.upload("made/file", []byte("hello"))
	file := s.info("made/file")
	same([]interface{}{file.IsDir, file.Size}, []interface{}{false, int32(5)})
	changed, err := time.Parse(time.RFC3339Nano, file.ModifiedAt)
	check(err)
	holds(time.Since(changed) < time.Minute, file.ModifiedAt)
	same(s.list("made"), []string{"file", "inside"})
}

func changesPermissions(s *stage) {
	s.upload("/tmp/owned", []byte("mine"))
	done(s.box.FileSystemAPI.SetFilePermissions(s.ctx).Path("/tmp/owned").
		Mode("0600").Execute())
	same(s.info("/tmp/owned").Mode, "-rw-------")
}

func findsAndReplaces(s *stage) {
	files := s.box.FileSystemAPI
	s.upload("hay/one.txt", []byte("first\nthe needle\n"))
	s.upload("hay/deep/two.md", []byte("nothing"))
	found := must(files.FindInFiles(s.ctx).Path("hay").Pattern("needle").
		Execute())
	same(len(found), 1)
	same([]interface{}{found[0].File, found[0].Line, found[0].Content},
		[]interface{}{"hay/one.txt", int32(2), "the needle"})
	same(must(files.SearchFiles(s.ctx).Path("hay").Pattern("*.md").
		Execute()).Files, []string{"hay/deep/two.md"})
	wish := toolbox.NewReplaceRequest([]string{"hay/one.txt", "hay/none"},
		"pin", "needle")
	replaced := must(files.ReplaceInFiles(s.ctx).Request(*wish).Execute())
	same([]bool{*replaced[0].Success, *replaced[1].Success},
		[]bool{true, false})
	same(string(s.download("hay/one.txt")), "first\nthe pin\n")
}

func movesAndDeletes(s *stage) {
	files := s.box.FileSystemAPI
	s.upload("from/x", []byte("x"))
	s.upload("from/y", []byte("y"))
	done(files.MoveFile(s.ctx).Source("from/x").Destination("from/z").
		Execute())
	same(string(s.download("from/z")), "x")
	_, response, err := files.GetFileInfo(s.ctx).Path("from/x").Execute()
	refused(404, response, err)
	response, err = files.MoveFile(s.ctx).Source("from/y").
		Destination("from/z").Execute()
	refused(409, response, err)
	response, err = files.DeleteFile(s.ctx).Path("from").Execute()
	refused(400, response, err)
	done(files.DeleteFile(s.ctx).Path("from").Recursive(true).Execute())
	_, response, err = files.ListFiles(s.ctx).Path("from").Execute()
	refused(404, response, err)
}
