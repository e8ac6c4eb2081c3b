package gost

import "testing"

// The size of a usual receipt.
const benchBytes = 600

func BenchmarkStreebog256(b *testing.B) {
	data := make([]byte, benchBytes)
	b.SetBytes(benchBytes)
	b.ReportAllocs()
	for b.Loop() {
		Sum256(data)
	}
}

func BenchmarkHMAC256(b *testing.B) {
	data, key := make([]byte, benchBytes), make([]byte, 32)
	b.SetBytes(benchBytes)
	b.ReportAllocs()
	for b.Loop() {
		HMAC256(key, data)
	}
}

func BenchmarkKDF256(b *testing.B) {
	key, label, seed := make([]byte, 32), []byte("enc-up"), make([]byte, 16)
	b.ReportAllocs()
	for b.Loop() {
		KDF256(key, label, seed)
	}
}

func BenchmarkKuznyechikKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		NewKuznyechik([KeySize]byte{1})
	}
}

func BenchmarkKuznyechikMAC(b *testing.B) {
	k := NewKuznyechik([KeySize]byte{1})
	data := make([]byte, benchBytes)
	b.SetBytes(benchBytes)
	b.ReportAllocs()
	for b.Loop() {
		k.MAC(data[:28], data[28:])
	}
}

func BenchmarkKuznyechikCTR(b *testing.B) {
	k := NewKuznyechik([KeySize]byte{1})
	data := make([]byte, benchBytes)
	b.SetBytes(benchBytes)
	b.ReportAllocs()
	for b.Loop() {
		k.CTR([8]byte{1}, data, data)
	}
}

func BenchmarkKuznyechikDecrypt(b *testing.B) {
	k := NewKuznyechik([KeySize]byte{1})
	var block [CipherBlockSize]byte
	for b.Loop() {
		k.Decrypt(block[:], block[:])
	}
}

// BenchmarkTables is what the first use of each primitive costs.
func BenchmarkTables(b *testing.B) {
	b.Run("streebog", func(b *testing.B) {
		for b.Loop() {
			makeLPS()
		}
	})
	b.Run("kuznyechik", func(b *testing.B) {
		for b.Loop() {
			makeLS()
		}
	})
}
