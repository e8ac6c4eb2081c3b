package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	sqlite3 "modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/server/archive"
)

type verifyCmd struct {
	baseFlag
	FN         string `name:"fn" placeholder:"NUMBER" help:"Only this drive."`
	INN        string `name:"inn" default:"7704358518" help:"Operator that encrypted confirmations are tried with (default ${default})."`
	MasterKey  string `name:"master-key" env:"OFD_MASTER_KEY" placeholder:"HEX" help:"Secret master key of TB-GOST-1 that the server had (better as OFD_MASTER_KEY)."`
	ChainsOnly bool   `name:"chains-only" help:"Leave out check codes of containers and signs of confirmations."`
	Max        int    `name:"max" default:"10" help:"Problems shown of one drive (default ${default}); all count."`
	JSON       bool   `name:"json" help:"One JSON object for each problem, and one for the sum."`
}

// sumJSON is the last line of verify --json.
type sumJSON struct {
	archive.Verified
	Clean   bool    `json:"clean"`
	Seconds float64 `json:"seconds"`
}

func (c *verifyCmd) Run(p *process) error {
	o := archive.VerifyOptions{ChainsOnly: c.ChainsOnly, MaxPerFN: c.Max}
	var err error
	if c.FN != "" {
		if o.FN, err = fiscal.ParseFNNumber(c.FN); err != nil {
			return usage("--fn=%q: %w", c.FN, err)
		}
	}
	if o.OFD, err = fiscal.ParseINN(c.INN); err != nil {
		return usage("--inn=%q: %w", c.INN, err)
	}
	if c.MasterKey != "" {
		k, err := sign.ParseMasterKey(c.MasterKey)
		if err != nil {
			return usage("--master-key: %w", err)
		}
		o.Scheme = sign.NewTBGOST1(sign.TBGOST1Options{Key: k})
	}
	if c.Max <= 0 {
		return usage("--max=%d: want at least 1", c.Max)
	}
	return c.withArchive(false, func(ctx context.Context, b archive.Base) error {
		began := time.Now()
		out := json.NewEncoder(p.out)
		v, err := archive.Verify(ctx, b, o, func(one archive.Problem) {
			if c.JSON {
				_ = out.Encode(one) // stdout that is gone is met at the end
				return
			}
			fmt.Fprintln(p.out, one)
		})
		var broken *sqlite3.Error
		switch {
		case errors.As(err, &broken) && (broken.Code()&0xff == sqlitelib.SQLITE_CORRUPT || broken.Code() == sqlitelib.SQLITE_NOTADB):
			return coded{exitFailed, err}
		case err != nil: // code 1 would say that it is damaged
			return coded{exitUnreachable, err}
		}
		if o.FN != "" && v.Drives == 0 && v.Problems == 0 {
			return usage("--fn=%s: no such drive in the base", o.FN)
		}
		return c.sum(p, v, time.Since(began))
	})
}

func (c *verifyCmd) sum(p *process, v archive.Verified, took time.Duration) error {
	var err error
	if c.JSON {
		err = json.NewEncoder(p.out).Encode(sumJSON{v, v.Problems == 0, took.Seconds()})
	} else {
		verdict := "clean"
		if v.Problems > 0 {
			verdict = fmt.Sprintf("damaged: %d problems, %d drives", v.Problems, v.BrokenFNs)
		}
		_, err = fmt.Fprintf(p.out, "%d drives, %d documents, %d confirmations, %d entries of the protocol (%d documents deleted by it), %.0f documents/s: %s\n",
			v.Drives, v.Documents, v.Confirmations, v.Entries, v.Deleted, float64(v.Documents)/max(took.Seconds(), 1e-9), verdict)
	}
	if err == nil && v.Problems > 0 {
		err = coded{exitFailed, fmt.Errorf("the base is damaged")}
	}
	return err
}
