package main

import (
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/explain"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Settings say how bytes are read and with which keys signs are checked.
type Settings struct {
	Profile string `default:"strict" enum:"strict,lenient" help:"How forgiving the reader is."`
	Key     string `help:"Master key of TB-GOST-1, 64 hex digits, or 'test' for the public test key. Signs are not checked without it." env:"FDUMP_KEY"`
	INN     string `default:"7704358518" help:"INN of the operator that the message is protected for."`
	Now     string `help:"Moment to judge dates by, RFC 3339. Dates are not judged without it."`
}

func (s *Settings) options() (explain.Options, error) {
	var o explain.Options
	var err error
	if o.Profile, err = wire.ParseProfile(s.Profile); err != nil {
		return o, fmt.Errorf("--profile: %w", err)
	}
	if o.OFD, err = fiscal.ParseINN(s.INN); err != nil {
		return o, fmt.Errorf("--inn: %w", err)
	}
	if s.Now != "" {
		if o.Now, err = time.Parse(time.RFC3339, s.Now); err != nil {
			return o, fmt.Errorf("--now: %w", err)
		}
	}
	switch s.Key {
	case "":
	case "test":
		o.Scheme = sign.NewTBGOST1(sign.TBGOST1Options{})
	default:
		key, err := sign.ParseMasterKey(s.Key)
		if err != nil {
			return o, fmt.Errorf("--key: %w", err)
		}
		o.Scheme = sign.NewTBGOST1(sign.TBGOST1Options{Key: key})
	}
	return o, nil
}
