package sqlite_test

import (
	"testing"

	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

func BenchmarkAccept(b *testing.B) { storetest.BenchmarkAccept(b, open, 1, 16, 128, 512) }

func BenchmarkProject(b *testing.B) { storetest.BenchmarkProject(b, open, 16, 5120) }

func BenchmarkRead(b *testing.B) { storetest.BenchmarkRead(b, open) }
