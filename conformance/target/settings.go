package target

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server"
)

// markingDelay is how long the marking operator of the built-in operator thinks.
const markingDelay = 5 * time.Millisecond

// options are those of the next server, with the settings of the case.
func (s *Self) options(ctx context.Context) (server.Options, error) {
	o := server.Options{OFD: s.ofd, Now: s.now}
	o.Marking.Delay = markingDelay
	limit := sign.DefaultPluginLimit
	var policies sign.PolicyOptions
	for _, name := range slices.Sorted(maps.Keys(s.settings)) {
		value := s.settings[name]
		var err error
		switch name {
		case "profile":
			o.Settings.Profile, err = wire.ParseProfile(value)
		case "policy":
			for _, rule := range strings.Fields(value) {
				if !strings.Contains(rule, "=") {
					rule = "*=" + rule
				}
				if err = policies.AddRule(rule); err != nil {
					break
				}
			}
		case "plugin", "plugin.limit":
		case "timeouts.scale":
			o.Timeouts.Scale, err = strconv.ParseFloat(value, 64)
		case "marking":
			if value != "down" && value != "up" {
				err = fmt.Errorf("want up or down")
			}
			o.Marking.Down = value == "down"
		default:
			err = o.Settings.Set(name, value)
		}
		if err != nil {
			return o, fmt.Errorf("target: setting %s=%q: %w", name, value, err)
		}
	}
	if d, ok := s.settings["plugin.limit"]; ok {
		var err error
		if limit, err = time.ParseDuration(d); err != nil {
			return o, fmt.Errorf("target: setting plugin.limit: %w", err)
		}
	}
	if s.settings["plugin"] == "silent" {
		plugin, err := sign.StartPlugin(context.WithoutCancel(ctx), sign.PluginOptions{Command: []string{"sleep", "600"}, Limit: limit})
		if err != nil {
			return o, fmt.Errorf("target: setting plugin: %w", err)
		}
		policies.External = plugin
		s.ended = append(s.ended, plugin.Close)
	}
	var err error
	o.Policies, err = sign.NewPolicies(policies)
	return o, err
}
