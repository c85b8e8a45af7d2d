//! What becomes of the values of something that is made anew: which are gone, and what it is made of. Names no kind.

use crate::{
    catalog::Catalog,
    kinds::{Gone, Makeup, Part, Rebuilt},
    model::ObjectId,
    plan::expand::Work,
};

impl<'a> Work<'a> {
    pub(super) fn rebuilding(&self, id: &'a ObjectId) -> Rebuilt<'a> {
        self.rebuilding_within(id, &[])
    }

    /// `around` is what contains values of it; a domain may go back to itself, by a function in its default.
    fn rebuilding_within(&self, id: &'a ObjectId, around: &[&ObjectId]) -> Rebuilt<'a> {
        let around = [around, &[id]].concat();
        let makeup = self.makeup(id, &around);
        let deeper = |part: &Part<'a>| part.rebuilt.iter().flat_map(|it| it.gone.clone()).collect::<Vec<_>>();
        let gone = match &makeup {
            Makeup::Listed => self.gone(id),
            Makeup::Of(part) => deeper(part),
            Makeup::Fields(parts) => parts.iter().flat_map(deeper).collect(),
            Makeup::Unknown => self.needs_made_anew(id, &around).flat_map(|it| it.gone).collect(),
        };
        Rebuilt { id, makeup, gone }
    }

    fn makeup(&self, id: &'a ObjectId, around: &[&ObjectId]) -> Makeup<'a> {
        let (Some(old), Some(new)) = (self.from.get(id), self.to.get(id)) else { return Makeup::Unknown };
        if !old.labels().is_empty() {
            return Makeup::Listed;
        }
        if let Some(part) = self.part(id, around) {
            return if old.data_type() == new.data_type() { Makeup::Of(part) } else { Makeup::Unknown };
        }
        let is_field = |part: &&ObjectId| part.parent() == Some(id) && self.data_type(part).is_some();
        let mut fields: Vec<&ObjectId> = self.from.ids().filter(is_field).collect();
        // A row is put together from what both have, in one order.
        let place = |id: &ObjectId| Some(self.to.get(id)?.create(id, self.target).first()?.position);
        fields.sort_by_key(|field| place(field));
        let as_many = self.to.ids().filter(is_field).count() == fields.len();
        let same = |field: &&ObjectId| {
            self.from.get(field).map(|it| it.data_type()) == self.to.get(field).map(|it| it.data_type())
        };
        match !fields.is_empty() && as_many && fields.iter().all(same) {
            true => Makeup::Fields(fields.into_iter().filter_map(|field| self.part(field, around)).collect()),
            false => Makeup::Unknown,
        }
    }

    fn data_type(&self, id: &ObjectId) -> Option<&'a str> {
        self.from.get(id)?.data_type()
    }

    fn part(&self, id: &'a ObjectId, around: &[&ObjectId]) -> Option<Part<'a>> {
        let rebuilt = self.needs_made_anew(id, around).max_by_key(|it| !it.gone.is_empty()).map(Box::new);
        Some(Part { id, data_type: self.data_type(id)?, rebuilt })
    }

    fn needs_made_anew(&self, id: &'a ObjectId, around: &[&ObjectId]) -> impl Iterator<Item = Rebuilt<'a>> {
        let needs = self.from.entry(id).into_iter().flat_map(|entry| &entry.needs);
        let anew = needs.filter(|it| self.rebuilt.contains_key(it) && !around.contains(it));
        anew.map(|it| self.rebuilding_within(it, around)).collect::<Vec<_>>().into_iter()
    }

    fn gone(&self, id: &'a ObjectId) -> Vec<Gone<'a>> {
        let labels = |it: &'a Catalog| it.get(id).map_or(&[][..], |object| object.labels());
        let after = labels(self.to);
        let instead: &[(String, String)] = self.target.casts.values.get(id).map_or(&[], Vec::as_slice);
        let other = |label: &str| instead.iter().find(|(old, _)| old == label).map(|(_, new)| new.as_str());
        let gone = labels(self.from).iter().filter(|it| !after.contains(it));
        gone.map(|label| Gone { of: id, label, instead: other(label) }).collect()
    }
}
