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
	w.ends(errors.New("disk full"))
	assert.False(t, w.works(time.Now()))
	assert.True(t, w.works(time.Now().Add(failureHold+time.Second)))
	w.begins()
	w.ends(nil)
	assert.True(t, w.works(time.Now()))
	w.begins()
	assert.True(t, w.works(time.Now()))
	assert.False(t, w.works(time.Now().Add(stuckAfter+time.Second)))
	w.ends(nil)
	assert.True(t, w.works(time.Now().Add(stuckAfter+time.Second)))
}
