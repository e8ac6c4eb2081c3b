package ffd_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// made builds one document of each kind that no capture shows.
func made(t testing.TB) map[string]*ffd.Document {
	t.Helper()
	all := map[string]*ffd.Document{}
	make := func(name string, form fiscal.Form, v fiscal.FFD, write func(*tlv.Builder)) {
		var b tlv.Builder
		b.STLV(tlv.Tag(form), func(b *tlv.Builder) {
			b.FixedText(1041, "9999078900005488", 16)
			b.FixedText(1037, "0000000005008570", 20)
			b.FixedText(1018, "7702203276", 12)
			b.Uint32(1040, 42)
			b.Time(1012, tlv.WallClock(clock))
			b.Raw(1077, []byte{0x31, 0x04, 0x00, 0x00, 0x30, 0x39})
			b.Byte(1209, uint8(v))
			write(b)
		})
		raw, err := b.Bytes()
		require.NoError(t, err, name)
		d, err := ffd.Decode(raw)
		require.NoError(t, err, name)
		all[name] = d
	}
	make("registration-12", 1, fiscal.FFD12, func(b *tlv.Builder) {
		b.Text(1048, "ООО \"Ромашка\"")
		b.Text(1009, "101000, г. Тестов, ул. Складская, д. 1")
		b.Text(1187, "Магазин")
		b.Byte(1062, 33)
		b.Uint32(1290, 1<<6|1<<8)
		b.Byte(1001, 0)
		b.Byte(1002, 0)
		b.Byte(1056, 1)
		b.Text(1013, "000000000002")
		b.Text(1046, "ООО \"Оператор\"")
		b.FixedText(1017, "7704358518", 12)
		b.Text(1188, "2.0")
		b.Byte(1189, 4)
		b.Text(1021, "Кассирова Т. Т.")
	})
	make("change-12", 11, fiscal.FFD12, func(b *tlv.Builder) {
		b.Text(1048, "ООО \"Ромашка\"")
		b.Uint32(1205, 1|1<<3)
	})
	make("open-shift-11", 2, fiscal.FFD11, func(b *tlv.Builder) {
		b.Uint32(1038, 7)
		b.Text(1021, "Кассирова Т. Т.")
		b.Byte(1051, 1)
		b.Byte(1206, 0x42)
	})
	make("state-105", 21, fiscal.FFD105, func(b *tlv.Builder) {
		b.Uint32(1116, 40)
		b.Uint32(1097, 3)
		b.Time(1098, time.Date(2024, 9, 16, 0, 0, 0, 0, time.UTC))
	})
	make("receipt-12", 3, fiscal.FFD12, func(b *tlv.Builder) {
		b.Byte(1054, 1)
		b.Byte(1055, 1)
		b.Uint32(1038, 7)
		b.Uint32(1042, 12)
		b.VLN(1020, 172500)
		b.VLN(1031, 72500)
		b.VLN(1081, 100000)
		b.VLN(1215, 0)
		b.VLN(1216, 0)
		b.VLN(1217, 0)
		b.STLV(1059, func(b *tlv.Builder) {
			b.Text(1030, "Сметана 15% фермерская в стеклянной банке с крышкой, 900 г")
			b.VLN(1079, 24900)
			b.FVLN(1023, tlv.FVLN{Decimals: 0, Magnitude: 1})
			b.Byte(2108, 0)
			b.VLN(1043, 24900)
			b.Byte(1199, 2)
			b.VLN(1200, 2264)
			b.Byte(1212, 33)
			b.Byte(1214, 4)
			b.Byte(2106, 15)
			b.STLV(1163, func(b *tlv.Builder) { b.Text(1305, "0104606419014681215KAZWy") })
		})
		b.STLV(1059, func(b *tlv.Builder) {
			b.Text(1030, "Баранина")
			b.VLN(1079, 40000)
			b.FVLN(1023, tlv.FVLN{Decimals: 3, Magnitude: 3690})
			b.Byte(2108, 11)
			b.VLN(1043, 147600)
			b.Byte(1199, 11)
			b.Byte(1212, 1)
			b.Byte(1214, 3)
			b.Byte(1222, 32)
			b.FixedText(1226, "7704358518", 12)
			b.STLV(1224, func(b *tlv.Builder) { b.Text(1171, "+70000000000"); b.Text(1225, "ИП Пастухов") })
		})
		b.VLN(1103, 2264)
		b.STLV(1115, func(b *tlv.Builder) {
			b.STLV(1119, func(b *tlv.Builder) { b.Byte(1199, 11); b.VLN(1120, 26616) })
		})
		b.Text(1008, "buyer@example.test")
		b.Text(1021, "Кассирова Т. Т.")
		b.STLV(1256, func(b *tlv.Builder) { b.Text(1227, "Покупателев П. П.") })
		b.Byte(2107, 1)
	})
	make("correction-105", 31, fiscal.FFD105, func(b *tlv.Builder) {
		b.Byte(1054, 1)
		b.Byte(1173, 1)
		b.STLV(1174, func(b *tlv.Builder) {
			b.Time(1178, time.Date(2024, 9, 1, 0, 0, 0, 0, time.UTC))
			b.Text(1179, "15-а")
		})
		b.VLN(1020, 10000)
		b.VLN(1031, 10000)
		b.VLN(1105, 10000)
	})
	make("bso-11", 4, fiscal.FFD11, func(b *tlv.Builder) { b.Byte(1054, 2); b.VLN(1020, 5) })
	make("bso-correction-12", 41, fiscal.FFD12, func(b *tlv.Builder) { b.Byte(1054, 4); b.VLN(1020, 5) })
	make("close-shift-12", 5, fiscal.FFD12, func(b *tlv.Builder) {
		b.Uint32(1038, 7)
		b.Uint32(1118, 2)
		b.Uint32(1111, 4)
		b.Uint32(1097, 1)
		b.Byte(2112, 2)
		b.STLV(1194, func(b *tlv.Builder) {
			b.Uint32(1134, 2)
			b.STLV(1129, func(b *tlv.Builder) {
				b.Uint32(1135, 1)
				b.VLN(1201, 172500)
				b.VLN(1136, 72500)
				b.VLN(1138, 100000)
				b.VLN(1140, 2264)
			})
			b.STLV(1130, func(b *tlv.Builder) { b.Uint32(1135, 0) })
			b.STLV(1133, func(b *tlv.Builder) {
				b.Uint32(1144, 1)
				b.STLV(1145, func(b *tlv.Builder) { b.Uint32(1135, 1); b.VLN(1201, 100) })
			})
		})
	})
	make("close-archive-11", 6, fiscal.FFD11, func(b *tlv.Builder) {
		b.Text(1048, "ООО \"Ромашка\"")
		b.Text(1021, "Кассирова Т. Т.")
		b.Uint32(1038, 7)
	})
	make("ack-105", 7, fiscal.FFD105, func(b *tlv.Builder) {
		b.FixedText(1017, "7704358518", 12)
		b.Raw(1078, []byte{1, 2, 3, 4, 5, 6, 7, 8})
		b.STLV(1068, func(b *tlv.Builder) { b.Byte(1022, 0) })
	})
	return all
}

func TestPrint_Golden(t *testing.T) {
	t.Parallel()
	docs := made(t)
	for name, d := range realDocuments(t) {
		switch name {
		case "session-form11-yandex", "container-form1-yandex", "receipt-v1", "receipt-v5", "fns00", "fns20":
			docs[name] = d
		}
	}
	require.Len(t, docs, 17)
	for name, d := range docs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name+".txt", []byte(ffd.Print(d, ffd.PrintOptions{})))
		})
	}
	golden(t, "receipt-12-masked-32.txt", []byte(ffd.Print(docs["receipt-12"], ffd.PrintOptions{
		Width: 32, MaskPersonal: true})))
}

// The words that must stand on a receipt, whatever the layout.
func TestPrint_Receipt(t *testing.T) {
	t.Parallel()
	text := ffd.Print(made(t)["receipt-12"], ffd.PrintOptions{Width: 48})
	for _, want := range []string{
		"КАССОВЫЙ ЧЕК\n", "ПРИХОД\n", "ИТОГ                                    =1725.00\n", "НАЛИЧНЫМИ                                =725.00\n",
		"БЕЗНАЛИЧНЫМИ                            =1000.00\n", "СУММА НДС 10%", "СУММА НДС 22%                            =266.16\n",
		"[М+]", "АВАНС\n", "КОМИССИОНЕР\n", "3.690 кг x 400.00", "ФН                              9999078900005488\n",
		"ФП                                    0000012345\n", "ФД", "17.09.24 18:01\n", "buyer@example.test", "Покупателев П. П.", "КМ?\n",
	} {
		assert.Contains(t, text, want)
	}
	for _, not := range []string{"ПРЕДВАРИТЕЛЬНАЯ", "КРЕДИТ", "ИНАЯ ФОРМА"} {
		assert.NotContains(t, text, not, "sums of zero are not printed")
	}
}

func TestPrint_MasksPersonal(t *testing.T) {
	t.Parallel()
	text := ffd.Print(made(t)["receipt-12"], ffd.PrintOptions{MaskPersonal: true})
	for _, secret := range []string{"buyer@", "Кассирова", "Покупателев"} {
		assert.NotContains(t, text, secret)
	}
	assert.Contains(t, text, "b****@example.test")
}

// Before 2019 the same codes meant 18 percent.
func TestPrint_OldRate(t *testing.T) {
	t.Parallel()
	var b tlv.Builder
	b.STLV(3, func(b *tlv.Builder) {
		b.Byte(1209, 2)
		b.Time(1012, time.Date(2018, 12, 31, 23, 59, 0, 0, time.UTC))
		b.VLN(1102, 18)
		b.VLN(1106, 18)
	})
	raw, _ := b.Bytes()
	d, err := ffd.Decode(raw)
	require.NoError(t, err)
	text := ffd.Print(d, ffd.PrintOptions{})
	assert.Contains(t, text, "СУММА НДС 18%")
	assert.Contains(t, text, "СУММА НДС 18/118")
}

// Every document fits its width, ends every line cleanly and, masked, shows no
// cashier or buyer.
func TestPrint_RandomDocuments(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, err := ffd.Decode(fiscaltest.AnyDocument().Draw(t, "raw"))
		require.NoError(t, err)
		width := rapid.IntRange(32, 48).Draw(t, "width")
		text := ffd.Print(d, ffd.PrintOptions{Width: width, MaskPersonal: rapid.Bool().Draw(t, "mask")})
		require.NotEmpty(t, text)
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			require.LessOrEqual(t, utf8.RuneCountInString(line), width, "%q", line)
			require.Equal(t, strings.TrimRight(line, " "), line)
			require.NotEmpty(t, line)
		}
	})
}

func FuzzPrint(f *testing.F) {
	for _, r := range fiscaltest.RawReceipts() {
		f.Add([]byte(r.STLV))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, _ := ffd.Decode(raw)
		ffd.Print(d, ffd.PrintOptions{})
		ffd.ReadReceipt(d)
		ffd.QRText(d)
	})
}
