package main

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/internal/strictyaml"
	"github.com/fiscalbench/fiscalbench/server/intake"
)

// The settings of serve come from four layers, later ones winning: defaults, the
// file of --config, the environment (OFD_…), flags that were set. File and
// environment are turned into flags in front of the real ones, so that all are
// parsed and checked by the same rules. Repeatable flags add up, and the last value
// for the same fault, setting or drive holds.

// flagNames are the flags of serve with whether they may be repeated.
func flagNames() map[string]bool {
	names := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[serveCmd]()) {
		if f.Anonymous {
			continue // its fields come by themselves
		}
		name := f.Tag.Get("name")
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		names[name] = f.Type.Kind() == reflect.Slice
	}
	return names
}

// layered puts the flags of file and environment behind the command, before the
// flags of the command line.
func layered(args []string, file string, p *process) ([]string, error) {
	var below []string
	if file == "" {
		file, _ = lookup(p.env, "OFD_CONFIG")
	}
	if file != "" {
		flags, err := fromFile(file)
		if err != nil {
			return nil, err
		}
		below = append(below, flags...)
	}
	below = append(below, fromEnv(p)...)
	at := slices.Index(args, "serve") + 1
	return slices.Concat(args[:at], below, args[at:]), nil
}

// fromFile reads YAML: flag names as keys; lists, or maps of name to value, for
// repeatable ones.
func fromFile(path string) ([]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, usage("config file: %w", err)
	}
	var values map[string]any
	if err := strictyaml.Unmarshal(raw, &values); err != nil {
		return nil, usage("config file %s: %w", path, err)
	}
	names := flagNames()
	var flags []string
	settings := map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		repeats, ok := names[key]
		if !ok || key == "config" {
			return nil, usage("config file %s: %s: no such setting", path, key)
		}
		texts, err := texts(values[key])
		if err != nil || len(texts) != 1 && !repeats {
			return nil, usage("config file %s: %s: want one value, or a list or map for what may be repeated", path, key)
		}
		settings[key] = texts
		for _, v := range texts {
			flags = append(flags, "--"+key+"="+v)
		}
	}
	return flags, contradictions("config file "+path, settings["fault"], settings["set"])
}

// contradictions refuses one layer that says two things of one setting, under one
// name or two.
func contradictions(layer string, lists ...[]string) error {
	said := map[string]string{}
	for _, one := range slices.Concat(lists...) {
		name, value, _ := strings.Cut(one, "=")
		key, err := intake.SettingKey(strings.TrimSpace(name))
		if err != nil {
			continue // told when it is set
		}
		if before, ok := said[key]; ok && before != value {
			return usage("%s: %s is set to %q and to %q", layer, key, before, value)
		}
		said[key] = value
	}
	return nil
}

func texts(value any) ([]string, error) {
	switch v := value.(type) {
	case []any:
		var all []string
		for _, e := range v {
			one, err := texts(e)
			if err != nil {
				return nil, err
			}
			all = append(all, one...)
		}
		return all, nil
	case map[string]any:
		var all []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			all = append(all, fmt.Sprintf("%s=%v", k, v[k]))
		}
		return all, nil
	case nil:
		return nil, fmt.Errorf("no value")
	}
	return []string{fmt.Sprint(value)}, nil
}

const envPrefix = "OFD_"

func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnv reads OFD_KKT, OFD_LOG_LEVEL and so on; repeatable ones are divided by
// commas, rules of OFD_INJECT, which have commas, by semicolons. Unknown names are told and passed over: the surroundings may set them.
func fromEnv(p *process) []string {
	names := flagNames()
	known := map[string]bool{smtpPassword: true, smsToken: true}
	var flags []string
	for _, flag := range slices.Sorted(maps.Keys(names)) {
		known[envName(flag)] = true
		v, ok := lookup(p.env, envName(flag))
		if !ok || flag == "config" {
			continue
		}
		values := []string{v}
		if names[flag] {
			values = strings.FieldsFunc(v, func(r rune) bool { return r == ',' && flag != "inject" || r == ';' && flag == "inject" })
		}
		for _, one := range values {
			flags = append(flags, "--"+flag+"="+strings.TrimSpace(one))
		}
	}
	for _, e := range p.env {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, envPrefix) && !known[name] {
			fmt.Fprintf(p.err, "ofd: environment variable %s is not a setting of mine, passed over\n", name)
		}
	}
	return flags
}

func lookup(env []string, name string) (string, bool) {
	for _, e := range slices.Backward(env) {
		if k, v, _ := strings.Cut(e, "="); k == name {
			return v, true
		}
	}
	return "", false
}
