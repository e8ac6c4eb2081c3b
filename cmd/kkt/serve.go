package main

type serveCmd struct{}

// Run serves.
func (c *serveCmd) Run(p *process) error { return usage("serve: not built yet") }
