package main

import "strings"

// No SDK has a method for ports; the clients that they are made of do.
var portSteps = []step{
	{"says what listens", saysWhatListens},
	{"gives a preview address", givesAPreviewAddress},
}

const server = `import os, socket, time
listener = socket.create_server(("127.0.0.1", 4321))
if os.fork() == 0:
    os.setsid()
    [os.close(number) for number in range(3)]
    time.sleep(600)`

func saysWhatListens(s *stage) {
	inUse := func() bool {
		return *must(s.box.PortAPI.IsPortInUse(s.ctx, 4321).Execute()).
			IsInUse
	}
	same(inUse(), false)
	s.upload("/tmp/listen.py", []byte(server))
	s.shell("python3 /tmp/listen.py")
	same(inUse(), true)
	listed := false
	for _, port := range must(s.box.PortAPI.GetPorts(s.ctx).Execute()).Ports {
		listed = listed || port == 4321
	}
	holds(listed, "the port is in no list")
	_, response, err := s.box.PortAPI.IsPortInUse(s.ctx, 80).Execute()
	refused(400, response, err)
}

func givesAPreviewAddress(s *stage) {
	link := must(s.api.SandboxAPI.GetPortPreviewUrl(s.ctx, s.sandbox.Id,
		2280).Execute())
	same(link.SandboxId, s.sandbox.Id)
	holds(strings.Contains(link.Url, "2280-"+s.sandbox.Id), link.Url)
	holds(link.Token != "", "no token")
	_, response, err := s.api.SandboxAPI.GetPortPreviewUrl(s.ctx,
		s.sandbox.Id, 70000).Execute()
	refused(400, response, err)
}
