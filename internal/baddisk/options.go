package baddisk

import (
	"fmt"
	"strconv"
	"strings"
)

// Options are chances from 0 to 1 for each operation on a file.
type Options struct {
	Seed  uint64
	Read  float64 // a read fails
	Write float64 // a write fails
	Full  float64 // a write finds no room
	Sync  float64 // a sync fails
	Torn  float64 // a write that fails leaves some of its sectors written
	Lost  float64 // a sector that was not synced is lost when the power is cut
	After int     // operations before the first fault, so that a program may start
	Cut   int     // the power is cut in the middle, after a write that is not synced, once so many operations were done; never when 0
}

// String is what Parse reads.
func (o Options) String() string {
	return fmt.Sprintf("seed=%d,read=%g,write=%g,full=%g,sync=%g,torn=%g,lost=%g,after=%d,cut=%d", o.Seed, o.Read, o.Write, o.Full, o.Sync, o.Torn, o.Lost, o.After, o.Cut)
}

// Parse reads "seed=1,write=0.01,lost=0.5"; what is not named is zero.
func Parse(text string) (o Options, err error) {
	chances := map[string]*float64{"read": &o.Read, "write": &o.Write, "full": &o.Full, "sync": &o.Sync, "torn": &o.Torn, "lost": &o.Lost}
	for _, one := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(one, "=")
		switch chance := chances[name]; {
		case name == "seed":
			o.Seed, err = strconv.ParseUint(value, 10, 64)
		case name == "after":
			o.After, err = strconv.Atoi(value)
		case name == "cut":
			o.Cut, err = strconv.Atoi(value)
		case chance == nil:
			return o, fmt.Errorf("baddisk: %q: no such setting", one)
		default:
			*chance, err = strconv.ParseFloat(value, 64)
			if err == nil && (*chance < 0 || *chance > 1) {
				err = fmt.Errorf("want 0 to 1")
			}
		}
		if err != nil {
			return o, fmt.Errorf("baddisk: %q: %w", one, err)
		}
	}
	return o, nil
}
