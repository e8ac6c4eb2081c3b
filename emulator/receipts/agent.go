package receipts

import (
	"fmt"
	"math/bits"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// agents reads agent signs and data of the receipt and of its items.
func (r *reader) agents(out *Receipt, top *fields) {
	s := &out.Sale
	agent := r.agentSign(top, ffd.TagAgentType)
	data := r.agentData(top)
	if in := r.object(top, ffd.TagAgentData, inAgent); in != nil && data == nil {
		data = r.agentData(in)
	}
	phones := r.texts(top, ffd.TagProviderPhone)
	i := 0
	for _, n := range r.list(top, ffd.TagItem) {
		if n.kind != kindObject || i >= len(s.Items) {
			continue
		}
		r.itemAgent(&s.Items[i], open(n, inItem))
		i++
	}
	if out.FFD < fiscal.FFD12 {
		s.Agent, s.AgentData, s.ProviderPhone = agent, data, phones
	} else if agent != 0 || data != nil || len(phones) > 0 {
		r.noteAt(top.at.path, Derived, "в ФФД 1.2 реквизиты агента есть только у позиций: перенесены в них")
		for i := range s.Items {
			moveAgent(&s.Items[i], agent, data, phones)
		}
	}
	r.suppliers(out, top)
}

func moveAgent(it *kkt.Item, agent kkt.Agent, data *kkt.AgentData, phones []string) {
	if it.Agent == 0 {
		it.Agent = agent
	}
	if it.AgentData == nil {
		it.AgentData = data
	}
	if len(phones) > 0 {
		if it.Provider == nil {
			it.Provider = &kkt.Provider{}
		}
		if len(it.Provider.Phone) == 0 {
			it.Provider.Phone = phones
		}
	}
}

// suppliers: whoever sells as an agent names the supplier's INN in each item.
func (r *reader) suppliers(out *Receipt, top *fields) {
	s := &out.Sale
	if s.Agent == 0 && (s.AgentData != nil || len(s.ProviderPhone) > 0) && out.FFD < fiscal.FFD12 {
		s.AgentData, s.ProviderPhone = nil, nil
		r.noteAt(top.at.path, Conflict, "данные агента указаны без признака агента: не перенесены")
	}
	for i := range s.Items {
		it := &s.Items[i]
		if s.Agent == 0 && it.Agent == 0 {
			if it.AgentData != nil || it.Provider != nil {
				it.AgentData, it.Provider = nil, nil
				r.noteAt(fmt.Sprintf("%s: позиция %d", top.at.path, i+1), Conflict, "данные агента или поставщика указаны без признака агента: не перенесены")
			}
			continue
		}
		if it.Provider != nil && it.Provider.INN != "" {
			continue
		}
		if it.Provider == nil {
			it.Provider = &kkt.Provider{}
		}
		it.Provider.INN = fiscal.NoINN
		r.noteAt(fmt.Sprintf("%s: позиция %d", top.at.path, i+1), Derived, "ИНН поставщика не указан: записаны двенадцать нулей")
	}
}

// agentSign reads 1057 or 1222. −1 is how one export writes that there is none.
func (r *reader) agentSign(f *fields, tag tlv.Tag) kkt.Agent {
	n := r.one(f, tag)
	if n == nil {
		return 0
	}
	v, ok := whole(n)
	switch {
	case ok && v.Sign() < 0:
		r.note(n, Empty, "отрицательный признак агента значит, что агента нет")
	case !ok || !v.IsUint64() || v.Uint64() > 0x7F || bits.OnesCount64(v.Uint64()) > 1:
		r.note(n, BadValue, "признак агента — не один из битов 0–6")
	default:
		return kkt.Agent(v.Uint64())
	}
	return 0
}

func (r *reader) itemAgent(it *kkt.Item, f *fields) {
	if it.Agent = r.agentSign(f, ffd.TagItemAgentType); it.Agent == 0 {
		it.Agent = r.agentSign(f, ffd.TagAgentType) // FFD 1.0
	}
	if in := r.object(f, ffd.TagAgentData, inAgent); in != nil {
		it.AgentData = r.agentData(in)
	}
	var p kkt.Provider
	if in := r.object(f, ffd.TagProviderData, inProvider); in != nil {
		p.Phone, p.Name = r.texts(in, ffd.TagProviderPhone), r.str(in, ffd.TagProviderName)
		r.providerINN(&p, in)
	}
	r.providerINN(&p, f)
	if p.INN != "" || p.Name != "" || len(p.Phone) > 0 {
		it.Provider = &p
	}
}

func (r *reader) providerINN(p *kkt.Provider, f *fields) {
	inn, at, ok := r.inn(f, ffd.TagProviderINN)
	switch {
	case ok || inn == fiscal.NoINN:
		p.INN = inn
	case at != nil && inn != "":
		r.note(at, BadValue, "ИНН поставщика не прошел проверку: записаны двенадцать нулей")
		p.INN = fiscal.NoINN
	}
}

// agentData reads what stands on one level; nil when nothing does.
func (r *reader) agentData(f *fields) *kkt.AgentData {
	d := kkt.AgentData{
		Operation: r.str(f, ffd.TagPaymentAgentOperation), AgentPhone: r.texts(f, ffd.TagPaymentAgentPhone),
		OperatorPhone: r.texts(f, ffd.TagPaymentOperatorPhone), TransferOperatorPhone: r.texts(f, ffd.TagTransferOperatorPhone),
		TransferOperatorName: r.str(f, ffd.TagTransferOperatorName), TransferOperatorAddress: r.str(f, ffd.TagTransferOperatorAddress),
	}
	inn, at, ok := r.inn(f, ffd.TagTransferOperatorINN)
	switch {
	case ok:
		d.TransferOperatorINN = inn
	case at != nil && inn != "":
		r.note(at, BadValue, "ИНН оператора перевода не прошел проверку и не перенесен")
	}
	if d.Operation == "" && len(d.AgentPhone) == 0 && len(d.OperatorPhone) == 0 && len(d.TransferOperatorPhone) == 0 &&
		d.TransferOperatorName == "" && d.TransferOperatorAddress == "" && d.TransferOperatorINN == "" {
		return nil
	}
	return &d
}
