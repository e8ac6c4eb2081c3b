package flk

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// item changes price, quantity and sum of the first item.
func item(price uint64, quantity string, sum uint64) []edit {
	return edits(set(vln(ffd.TagPrice, price), ffd.TagItem), set(fvln(ffd.TagQuantity, quantity), ffd.TagItem), set(vln(ffd.TagItemSum, sum), ffd.TagItem))
}

// alone keeps only the first item and pays it in cash, without VAT totals.
func alone(price uint64, quantity string, sum uint64) []edit {
	return append(edits(func(d *draft) {
		var kept []tlv.Node
		found := false
		for _, n := range d.nodes {
			if n.Tag == ffd.TagNDS20 || n.Tag == ffd.TagNDS10 || n.Tag == ffd.TagItem && found {
				continue
			}
			found = found || n.Tag == ffd.TagItem
			kept = append(kept, n)
		}
		d.nodes = kept
	}, set(vln(ffd.TagTotalSum, sum)), set(vln(ffd.TagCashTotalSum, sum)), set(vln(ffd.TagEcashTotalSum, 0)), del(ffd.TagItemNDSSum, ffd.TagItem)),
		item(price, quantity, sum)...)
}

// untaxed makes the first item exempt and states the turnover.
func untaxed(turnover uint64) []edit {
	return edits(set(u8(ffd.TagNDSRate, 6), ffd.TagItem), set(vln(ffd.TagNDSNo, turnover)))
}

func join(groups ...[]edit) (all []edit) {
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

// cashless is the structure 1234 with its parts.
func cashless(sums ...uint64) tlv.Node {
	n := stlv(ffd.TagAllECashProp)
	for _, s := range sums {
		n.Children = append(n.Children, stlv(ffd.TagEcashProp, vln(ffd.TagEcashPartSum, s), u8(ffd.TagEcashSign, 1), text(ffd.TagEcashIdent, "1")))
	}
	return n
}

var moneyCases = map[string][]ruleCase{
	"M-01": {
		// Real roundings: 2.474 × 99.99 = 247.3753, 7.445 × 34.99 = 260.50055.
		{name: "rounded up", base: receipt105, edits: join(alone(9999, "2.474", 24738), untaxed(24738))},
		{name: "rounded down", base: receipt105, edits: join(alone(3499, "7.445", 26050), untaxed(26050))},
		{name: "a kopeck more", base: receipt105, edits: join(alone(4115, "3", 12346), untaxed(12346))},
		{name: "a kopeck less", base: receipt105, edits: join(alone(4115, "3.000", 12344), untaxed(12344))},
		{name: "two kopecks more", base: receipt105, edits: join(alone(4115, "3", 12347), untaxed(12347)), want: finds("M-01 error 1059/1043")},
		{name: "a little over a kopeck", base: receipt105, edits: join(alone(3499, "7.445", 26052), untaxed(26052)), want: finds("M-01 error 1059/1043")},
		{name: "quantity zero", base: receipt105, edits: join(alone(4115, "0", 12345), untaxed(12345)), want: finds("M-01 error 1059/1043")},
		{name: "greatest numbers", base: receipt105, edits: join(alone(1<<48-1, "1.0000000000000000", 1<<48-1), untaxed(1<<48-1))},
		{name: "FFD 1.0 has no such rule", base: receipt10, edits: item(4115, "3", 99)},
		{name: "every version since", base: receipt12, edits: edits(set(fvln(ffd.TagQuantity, "4"), ffd.TagItem)), want: finds("M-01 error 1059/1043")},
	},
	"M-02": {
		{name: "sum of items", base: receipt105},
		// Real: items of 35.99 and 17.39 make 53.38, paid 53.00.
		{name: "rounded down to roubles", base: receipt105, edits: join(alone(3599, "1", 3599),
			edits(add(stlv(ffd.TagItem, text(ffd.TagItemName, "б"), vln(ffd.TagPrice, 1739), fvln(ffd.TagQuantity, "1"), vln(ffd.TagItemSum, 1739), u8(ffd.TagNDSRate, 2))),
				set(vln(ffd.TagNDS10, 485)), set(vln(ffd.TagTotalSum, 5300)), set(vln(ffd.TagCashTotalSum, 5300))))},
		{name: "sum of an item beyond the format", base: receipt105, edits: edits(set(vln(ffd.TagItemSum, 1<<48), ffd.TagItem)),
			want: finds("S-08 error 1059/1043", "M-01 error 1059/1043")},
		{name: "a rouble less", base: receipt105, edits: edits(set(vln(ffd.TagTotalSum, 36983)), set(vln(ffd.TagCashTotalSum, 12245))), want: finds("M-02 error 1020")},
		{name: "a kopeck over the rouble", base: receipt105, edits: edits(set(vln(ffd.TagTotalSum, 37100)), set(vln(ffd.TagCashTotalSum, 12362))), want: finds("M-02 error 1020")},
		{name: "correction of FFD 1.1", base: correction11, edits: edits(set(vln(ffd.TagTotalSum, 1000)), set(vln(ffd.TagCashTotalSum, 1000)), set(vln(ffd.TagEcashTotalSum, 0))),
			want: finds("M-02 error 1020")},
	},
	"M-03": {
		{name: "cash and card", base: receipt105},
		{name: "prepayment, credit and barter", base: receipt105, edits: edits(set(vln(ffd.TagCashTotalSum, 0)), set(vln(ffd.TagEcashTotalSum, 0)),
			set(vln(ffd.TagPrepaidSum, 37000)), set(vln(ffd.TagCreditSum, 80)), set(vln(ffd.TagProvisionSum, 3)))},
		{name: "a kopeck short", base: receipt105, edits: edits(set(vln(ffd.TagCashTotalSum, 12344))), want: finds("M-03 error 1020")},
		{name: "absent kind counts as nothing", base: receipt105, edits: edits(del(ffd.TagCashTotalSum)), want: finds("S-07 error 1031", "M-03 error 1020")},
		{name: "sum beyond the format", base: receipt105, edits: edits(set(vln(ffd.TagCashTotalSum, 1<<48))), want: finds("S-08 error 1031")},
		{name: "no total", base: receipt105, edits: edits(del(ffd.TagTotalSum)), want: finds("S-07 error 1020")},
		{name: "correction", base: correction105, edits: edits(set(vln(ffd.TagCashTotalSum, 1))), want: finds("M-03 error 1020")},
	},
	"M-04": {
		{name: "no details", base: receipt105},
		{name: "two cards", base: receipt105, edits: edits(add(cashless(20000, 4738)))},
		{name: "a kopeck short", base: receipt105, edits: edits(add(cashless(20000, 4737))), want: finds("M-04 warning 1081")},
	},
	"M-05": {
		{name: "no items", base: correction105},
		{name: "items sum up", base: correction105, edits: edits(add(bread()), add(cheese()), set(vln(ffd.TagNDS10, 1122)), set(vln(ffd.TagNDS20, 4123)))},
		{name: "items do not sum up", base: correction105, edits: edits(add(cheese()), set(vln(ffd.TagNDS20, 4123))), want: finds("M-05 error 1020")},
	},
	"M-07": {
		{name: "one marked", base: receipt105, edits: join(alone(12345, "1.000", 12345), untaxed(12345), edits(add(raw(ffd.TagProductCode, []byte("DM\x00\x00\x00\x00\x00\x01x")), ffd.TagItem)))},
		{name: "three of an EAN", base: receipt105, edits: edits(add(raw(ffd.TagProductCode, []byte{0x45, 0x0D, 0, 0, 0, 0, 0, 1}), ffd.TagItem))},
		{name: "code cut short", base: receipt105, edits: edits(add(raw(ffd.TagProductCode, []byte{0x44}), ffd.TagItem))},
		{name: "three marked", base: receipt105, edits: edits(add(raw(ffd.TagProductCode, []byte("DM\x00\x00\x00\x00\x00\x01x")), ffd.TagItem)), want: finds("M-07 error 1059/1023")},
		{name: "half a marked", base: receipt105, edits: join(alone(24690, "0.5", 12345), untaxed(12345), edits(add(raw(ffd.TagProductCode, []byte("RFRU-401301-AAA0277031")), ffd.TagItem))),
			want: finds("M-07 error 1059/1023")},
		{name: "part of a piece in FFD 1.2", base: receipt12, edits: edits(add(share(1, 3), ffd.TagItem)), want: finds("M-07 warning 1059/1023")},
	},
	"M-08": {
		{name: "a third", base: receipt12, edits: join(alone(12345, "1", 12345), untaxed(12345), edits(add(share(1, 3), ffd.TagItem)))},
		{name: "the whole", base: receipt12, edits: join(alone(12345, "1", 12345), untaxed(12345), edits(add(share(3, 3), ffd.TagItem))), want: finds("M-08 warning 1059/1291")},
		{name: "no denominator", base: receipt12, edits: join(alone(12345, "1", 12345), untaxed(12345),
			edits(add(stlv(ffd.TagFractionalQuantity, vln(ffd.TagNumerator, 1)), ffd.TagItem))), want: finds("S-07 warning 1059/1291/1294")},
		{name: "nothing", base: receipt12, edits: join(alone(12345, "1", 12345), untaxed(12345), edits(add(share(0, 3), ffd.TagItem))), want: finds("M-08 warning 1059/1291")},
	},
}

// share is a part of a piece of FFD 1.2.
func share(up, down uint64) tlv.Node {
	return stlv(ffd.TagFractionalQuantity, vln(ffd.TagNumerator, up), vln(ffd.TagDenominator, down))
}

// M-01 against rational arithmetic.
func TestProductOff_EqualsRationals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := tlv.FVLN{Decimals: rapid.Uint8Range(0, maxDecimals).Draw(t, "decimals"), Magnitude: rapid.Uint64Range(0, 1<<56-1).Draw(t, "magnitude")}
		price := rapid.Uint64().Draw(t, "price")
		exact := new(big.Rat).SetFrac(new(big.Int).Mul(number256(price), number256(q.Magnitude)), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(q.Decimals)), nil))
		near, _ := new(big.Float).SetRat(exact).Uint64()
		for _, sum := range []uint64{near - 2, near - 1, near, near + 1, near + 2, rapid.Uint64().Draw(t, "sum")} {
			off := new(big.Rat).Sub(exact, new(big.Rat).SetInt(number256(sum)))
			want := off.Abs(off).Cmp(big.NewRat(1, 1)) > 0
			assert.Equal(t, want, productOff(price, q, sum), "%d × %s against %d", price, q, sum)
		}
	})
}

func number256(n uint64) *big.Int { return new(big.Int).SetUint64(n) }

// V-06 and V-09 against rational arithmetic.
func TestTaxOff_EqualsRationals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		percent := rapid.SampledFrom([]uint64{5, 7, 10, 18, 20, 22}).Draw(t, "percent")
		group := rateTotal{items: rapid.IntRange(1, 100).Draw(t, "items"), sum: rapid.Uint64Range(0, 1<<48-1).Draw(t, "sum")}
		exact := new(big.Rat).SetFrac(new(big.Int).Mul(number256(group.sum), number256(percent)), number256(100+percent))
		limit := big.NewRat(int64(group.items)+1, 2)
		near := taxHalfUp(group.sum, percent)

		off := new(big.Rat).Sub(new(big.Rat).SetInt(number256(near)), exact)
		assert.LessOrEqual(t, off.Cmp(big.NewRat(1, 2)), 0)
		assert.Greater(t, off.Cmp(big.NewRat(-1, 2)), 0)

		tax := near + rapid.Uint64Range(0, 120).Draw(t, "more") - rapid.Uint64Range(0, min(near, 60)).Draw(t, "less")
		off = new(big.Rat).Sub(new(big.Rat).SetInt(number256(tax)), exact)
		assert.Equal(t, off.Abs(off).Cmp(limit) > 0, taxOff(tax, group, percent))
	})
}
