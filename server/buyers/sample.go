package buyers

import (
	"context"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// sample is a receipt that was never given, for previews of a design. Its ФН does not
// exist.
func sample(at time.Time) (*store.Document, *ffd.Document, error) {
	const fn, reg, inn, total = fiscal.FNNumber("9999000000000000"), fiscal.RegNumber("0000000000000000"), fiscal.INN("7700000000"), 43_850
	at = at.UTC().Truncate(time.Minute)
	var b tlv.Builder
	b.STLV(tlv.Tag(fiscal.FormReceipt), func(b *tlv.Builder) {
		fnBytes, regBytes, innBytes := fn.Padded(), reg.Padded(), inn.Padded()
		b.Raw(ffd.TagFNNumber, fnBytes[:])
		b.Raw(ffd.TagKKTRegID, regBytes[:])
		b.Raw(ffd.TagUserINN, innBytes[:])
		b.Uint32(ffd.TagFDNumber, 1)
		b.Time(ffd.TagDateTime, at)
		b.Byte(ffd.TagFFDVersion, uint8(fiscal.FFD105))
		b.Uint32(ffd.TagShiftNumber, 1)
		b.Uint32(ffd.TagRequestNumber, 1)
		b.Byte(ffd.TagOperationType, uint8(fiscal.Sell))
		b.VLN(ffd.TagTotalSum, total)
		b.Text(ffd.TagCashier, "Образцова А.А.")
		b.Text(ffd.TagUser, "Образец продавца")
		b.Byte(ffd.TagAppliedTaxationType, 1)
		b.Text(ffd.TagRetailPlaceAddress, "Москва, ул. Образцовая, 1")
		for _, item := range []struct {
			name string
			sum  uint64
		}{{"Кофе молотый, 250 г", 39_900}, {"Хлеб ржаной", 3_950}} {
			b.STLV(ffd.TagItem, func(b *tlv.Builder) {
				b.Text(ffd.TagItemName, item.name)
				b.VLN(ffd.TagPrice, item.sum)
				b.FVLN(ffd.TagQuantity, tlv.FVLN{Magnitude: 1})
				b.Byte(ffd.TagNDSRate, 6)
				b.VLN(ffd.TagItemSum, item.sum)
			})
		}
		b.VLN(ffd.TagEcashTotalSum, total)
		b.VLN(ffd.TagNDSNo, total)
		b.Raw(ffd.TagFPD, []byte{0, 0, 0, 0, 0, 1})
	})
	stlv, err := b.Bytes()
	if err != nil {
		return nil, nil, fmt.Errorf("buyers: making a sample: %w", err)
	}
	doc, err := ffd.Decode(stlv)
	if err != nil {
		return nil, nil, fmt.Errorf("buyers: making a sample: %w", err)
	}
	return &store.Document{FN: fn, FD: 1, Form: fiscal.FormReceipt, RegID: reg, UserINN: inn, DateTime: at, ReceivedAt: at, Total: total, STLV: stlv, FPD: doc.FPD()}, doc, nil
}

// Preview is a sample receipt in the design of the viewer's organisation.
type Preview struct {
	Settings Settings
	Doc      *ffd.Document
	Letter   string // HTML whose pictures stand in it
	PDF      []byte
}

// Preview of the design (CAB-142).
func (s *Service) Preview(ctx context.Context, v access.Viewer) (Preview, error) {
	settings, err := s.Settings(ctx, v)
	if err != nil {
		return Preview{}, err
	}
	d, doc, err := sample(s.o.Now())
	if err != nil {
		return Preview{}, err
	}
	m, err := s.letter(d, doc, &settings, true)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Settings: settings, Doc: doc, Letter: m.Embedded()}
	p.PDF, err = Sheet(d, doc, &settings.Design, false).PDF()
	return p, err
}
