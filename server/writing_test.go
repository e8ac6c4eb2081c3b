package server

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A failure is held for a while only, so that registers may come and try; a
// transaction that does not end is as bad as one that fails.
func TestWriting_Works(t *testing.T) {
	t.Parallel()
	var w writing
	now := time.Now()
	assert.True(t, w.works(now))
	w.begins()
	w.ends(0, errors.New("disk full"))
	assert.False(t, w.works(time.Now()))
	assert.True(t, w.works(time.Now().Add(failureHold+time.Second)))
	w.begins()
	w.ends(0, nil)
	assert.True(t, w.works(time.Now()))
	w.begins()
	assert.True(t, w.works(time.Now()))
	assert.False(t, w.works(time.Now().Add(stuckAfter+time.Second)))
	w.ends(0, nil)
	assert.True(t, w.works(time.Now().Add(stuckAfter+time.Second)))
}

// One writer of several that hangs is seen whatever the others do.
func TestWriting_SeesOneOfSeveral(t *testing.T) {
	t.Parallel()
	var w writing
	w.begins() // which hangs
	began := time.Now()
	for range 100 {
		w.begins()
		w.ends(0, nil)
	}
	assert.True(t, w.works(time.Now()))
	late := time.Now().Add(stuckAfter + time.Second)
	assert.False(t, w.works(late))
	w.begins()
	w.ends(time.Since(began), nil) // it ends after all
	assert.False(t, w.works(late), "now the other has been under way as long")
	w.ends(0, nil)
	assert.True(t, w.works(late))
}
