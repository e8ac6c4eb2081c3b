package ffd

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

func TestValues(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		tag     tlv.Tag
		v       fiscal.FFD
		form    fiscal.Form
		allowed []uint64
		refused []uint64
	}{
		{"settlement", 1054, fiscal.FFD105, 3, []uint64{1, 2, 3, 4}, []uint64{0, 5}},
		{"settlement of a 1.05 correction", 1054, fiscal.FFD105, 31, []uint64{1, 3}, []uint64{2, 4}},
		{"settlement of a 1.1 correction", 1054, fiscal.FFD11, 31, []uint64{1, 2, 3, 4}, []uint64{0, 5}},
		{"one tax system", 1055, fiscal.FFD12, 3, []uint64{1, 2, 4, 8, 16, 32}, []uint64{0, 3, 64, 128}},
		{"tax systems of a register", 1062, fiscal.FFD12, 1, []uint64{1, 6, 63}, []uint64{64, 129}},
		{"agent of a receipt", 1057, fiscal.FFD105, 3, []uint64{1, 64}, []uint64{0, 3, 128}},
		{"agents of a register", 1057, fiscal.FFD105, 1, []uint64{0, 3, 127}, []uint64{128}},
		{"VAT codes", 1199, fiscal.FFD105, 3, []uint64{1, 6, 7, 12}, []uint64{0, 13}},
		{"subject in 1.05", 1212, fiscal.FFD105, 3, []uint64{1, 26}, []uint64{0, 27, 33}},
		{"subject in 1.1", 1212, fiscal.FFD11, 3, []uint64{26, 27}, []uint64{28, 33}},
		{"subject in 1.2", 1212, fiscal.FFD12, 3, []uint64{27, 30, 33}, []uint64{28, 29, 34}},
		{"message in 1.1", 1206, fiscal.FFD11, 7, []uint64{0, 2, 0xC2}, []uint64{4, 0x20, 1}},
		{"message in 1.2", 1206, fiscal.FFD12, 7, []uint64{0, 2, 4, 0xDE}, []uint64{1, 0x20}},
		{"reasons", 1205, fiscal.FFD12, 11, []uint64{1, 1 << 21, 1 << 31}, []uint64{1 << 22, 1 << 30}},
		{"event flag", 1051, fiscal.FFD12, 5, []uint64{1}, []uint64{0, 2}},
		{"flag", 1002, fiscal.FFD12, 1, []uint64{0, 1}, []uint64{2}},
		{"measure", 2108, fiscal.FFD12, 3, []uint64{0, 11, 255}, []uint64{1, 254}},
		{"register version in 1.05", 1189, fiscal.FFD105, 1, []uint64{2, 3, 4}, []uint64{0, 1, 5}},
		{"drive version in 1.05", 1190, fiscal.FFD105, 1, []uint64{3, 4}, []uint64{2}},
		{"time zone", 1011, fiscal.FFD12, 82, []uint64{1, 11}, []uint64{0, 12}},
		{"answer code", 1022, fiscal.FFD105, 7, []uint64{0, 11, 14}, []uint64{1}},
		{"check result", 2106, fiscal.FFD12, 3, []uint64{0, 15, 19, 31}, []uint64{32}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			set := Values(tt.tag, tt.v, tt.form)
			require.NotNil(t, set)
			for _, n := range tt.allowed {
				assert.True(t, set.Allows(n), "%d", n)
			}
			for _, n := range tt.refused {
				assert.False(t, set.Allows(n), "%d", n)
			}
		})
	}
	assert.Nil(t, Values(TagTotalSum, fiscal.FFD12, 3))
	assert.True(t, Values(1189, fiscal.FFD12, 1).Unverified)
	assert.Equal(t, 3, Values(1262, fiscal.FFD12, 3).Digits)
}

func TestMeaning(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "полный расчет", Meaning(1214, 4))
	assert.Equal(t, "НДС 22/122", Values(1199, fiscal.FFD12, 3).Printed(12))
	assert.Equal(t, "упрощенная доход; упрощенная доход минус расход", Meaning(1062, 6))
	assert.Equal(t, "УСН доход, УСН доход - расход", Values(1062, fiscal.FFD105, 1).Printed(6))
	assert.Equal(t, "КМ положительный, статус корректен", Meaning(2106, 15))
	assert.Equal(t, "[М+]", Values(2106, fiscal.FFD12, 3).Printed(15))
	assert.Equal(t, "ошибка структуры документа", Meaning(1206, 2))
	assert.Equal(t, "паспорт гражданина РФ", Meaning(1245, 21))
	assert.Equal(t, "ФНС", Meaning(1262, 48))
	assert.Equal(t, "Росмолодежь", Meaning(1262, 71))
	assert.Empty(t, Meaning(1020, 1))
	assert.Empty(t, Meaning(1214, 99))
	assert.Equal(t, 72, len(Values(1262, fiscal.FFD12, 3).Values))
}

func TestValues_DoesNotAllocate(t *testing.T) {
	valueSets()
	assert.Zero(t, testing.AllocsPerRun(100, func() { Values(2106, fiscal.FFD12, 3).Allows(15) }))
}

// Every set belongs to a tag whose kind can hold it.
func TestValues_AgreeWithDictionary(t *testing.T) {
	t.Parallel()
	for tag, choices := range valueSets() {
		info := Lookup(tag)
		require.NotNil(t, info, "%d", tag)
		for _, c := range choices {
			switch info.Kind {
			case KindByte, KindUint16, KindUint32:
				assert.Zero(t, c.set.Digits, "%d", tag)
				for _, v := range c.set.Values {
					assert.Less(t, v.Code, uint64(1)<<(8*info.Length), "%d", tag)
				}
			case KindString:
				assert.NotZero(t, c.set.Digits, "%d", tag)
			default:
				t.Errorf("tag %d of kind %d has values", tag, info.Kind)
			}
		}
	}
}
