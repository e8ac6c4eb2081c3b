package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/fiscalbench/fiscalbench/conformance/steps"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
)

// builtinFeatures names the feature files inside the program.
const builtinFeatures = "builtin"

// checkFeatures refuses flags that choose or report cases: a scenario is chosen by
// its file and tags.
func (c *runCmd) checkFeatures() error {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"--skip", len(c.Skip) > 0}, {"--mark", len(c.Mark) > 0}, {"--level", c.Level != ""}, {"--ffd", c.FFD != ""},
		{"--failed", c.Failed != ""}, {"--expect", c.Expect != ""}, {"--out", c.Out != ""}, {"--profile", c.Profile != ""}, {"--inject", len(c.Inject) > 0}, {"--exec", c.Exec != ""},
	} {
		if f.set {
			return fmt.Errorf("%s goes with cases, --features plays scenarios", f.name)
		}
	}
	if len(c.Tag) > 1 {
		return errors.New("--tag: with --features give one filter, as '@must,@should'")
	}
	return nil
}

// playFeatures plays feature files; patterns are files and folders among them.
func (c *runCmd) playFeatures(ctx context.Context, s streams) error {
	o := steps.Options{Paths: c.Patterns, OFD: fiscal.INN(c.INN), Timeout: c.Timeout, Out: s.out, Seed: c.seed(), Repeat: c.repeatScenario}
	if c.Parallel > 1 {
		o.Parallel = c.Parallel
	}
	if len(c.Tag) == 1 {
		o.Tags = c.Tag[0]
	}
	if c.Key != "" {
		key, err := sign.ParseMasterKey(c.Key)
		if err != nil {
			return fmt.Errorf("--key: %w", err)
		}
		o.Key = key
	}
	if c.Features != builtinFeatures {
		folder, err := featureFolder(c.Features)
		if err != nil {
			return err
		}
		o.FS = folder
	}
	if !c.Self {
		under, err := c.open(ctx, s, &injecting{})
		if err != nil {
			return err
		}
		o.Target = under
	}
	summary, err := steps.Run(ctx, o)
	switch {
	case ctx.Err() != nil:
		return &exitError{exitIncomplete, errors.New("interrupted")}
	case err != nil:
		return err
	case !summary.Conformant():
		return &exitError{exitNotConformant, nil}
	}
	return nil
}

func featureFolder(path string) (fs.FS, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("--features: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("--features=%s: want a folder; name files in it as patterns", path)
	}
	return os.DirFS(path), nil
}

// repeatScenario is the command that plays one scenario again.
func (c *runCmd) repeatScenario(r steps.Result) string {
	at := fmt.Sprintf("%s:%d", r.File, r.Line)
	return fmt.Sprintf("conformance run %s --features %s %s --seed %d", quoted(at), quoted(c.Features), c.describe("").Flags, *c.Seed)
}
