//! The least of a DICOM writer that a synthetic radiograph needs: explicit VR little endian,
//! uncompressed or RLE. Own code, so that the bytes of the phantoms never move with a library.

use super::rle;
use anyhow::{Result, ensure};

/// How the pixels are stored in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    /// Explicit VR Little Endian.
    Plain,
    /// RLE Lossless.
    Rle,
}

impl Storage {
    fn transfer_syntax(self) -> &'static str {
        match self {
            Self::Plain => "1.2.840.10008.1.2.1",
            Self::Rle => "1.2.840.10008.1.2.5",
        }
    }
}

/// One VOI LUT: what it is called and its entries from stored value 0 upwards.
pub(super) struct Lut {
    pub(super) explanation: &'static str,
    pub(super) entries: Vec<u16>,
}

/// What tells one phantom from another.
pub(super) struct Radiograph {
    /// Last arc of its UIDs, also its instance number.
    pub(super) number: u8,
    pub(super) title: &'static str,
    pub(super) body_part: &'static str,
    pub(super) view: &'static str,
    /// `MONOCHROME1` or `MONOCHROME2`.
    pub(super) photometric: &'static str,
    pub(super) rows: u16,
    pub(super) columns: u16,
    /// Stored words; of a signed image in two's complement.
    pub(super) pixels: Vec<u16>,
    pub(super) signed: bool,
    /// Rescale intercept, the slope being 1.
    pub(super) intercept: i32,
    /// Windows as (explanation, centre, width) in units after the rescale.
    pub(super) windows: Vec<(&'static str, i32, u32)>,
    pub(super) luts: Vec<Lut>,
    /// Millimetres per pixel at the detector, as a decimal string.
    pub(super) spacing_mm: &'static str,
    /// Whether that spacing holds in the object too (Pixel Spacing, type GEOMETRY).
    pub(super) calibrated: bool,
    pub(super) storage: Storage,
}

const DX_FOR_PRESENTATION: &str = "1.2.840.10008.5.1.4.1.1.1.1";
/// Root for UIDs made from a UUID (PS3.5 B.2), with one fixed UUID of this project.
const UID_ROOT: &str = "2.25.27493310528812745105630215984167004823";

/// Data elements in the order they are written, which has to be that of their tags.
#[derive(Default)]
struct Elements(Vec<u8>);

impl Elements {
    fn header(&mut self, tag: (u16, u16), vr: &str, length: usize) -> Result<()> {
        self.0.extend(tag.0.to_le_bytes());
        self.0.extend(tag.1.to_le_bytes());
        self.0.extend(vr.as_bytes());
        if matches!(vr, "OB" | "OW" | "SQ" | "UN" | "UT") {
            self.0.extend([0, 0]);
            self.0.extend(u32::try_from(length)?.to_le_bytes());
        } else {
            self.0.extend(u16::try_from(length)?.to_le_bytes());
        }
        Ok(())
    }

    fn text(&mut self, tag: (u16, u16), vr: &str, value: &str) -> Result<()> {
        let mut bytes = value.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(if vr == "UI" { 0 } else { b' ' });
        }
        self.header(tag, vr, bytes.len())?;
        self.0.extend(bytes);
        Ok(())
    }

    fn words(&mut self, tag: (u16, u16), vr: &str, values: &[u16]) -> Result<()> {
        self.header(tag, vr, values.len() * 2)?;
        self.0.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        Ok(())
    }

    fn sequence(&mut self, tag: (u16, u16), items: &[Self]) -> Result<()> {
        let length = items.iter().map(|item| item.0.len() + 8).sum();
        self.header(tag, "SQ", length)?;
        for item in items {
            self.item(&item.0)?;
        }
        Ok(())
    }

    fn item(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.extend([0xFE, 0xFF, 0x00, 0xE0]);
        self.0.extend(u32::try_from(bytes.len())?.to_le_bytes());
        self.0.extend(bytes);
        Ok(())
    }

    /// Pixel Data of undefined length: an empty offset table, one fragment, the end mark.
    fn fragments(&mut self, tag: (u16, u16), fragment: &[u8]) -> Result<()> {
        self.0.extend(tag.0.to_le_bytes());
        self.0.extend(tag.1.to_le_bytes());
        self.0.extend(b"OB\0\0\xFF\xFF\xFF\xFF");
        self.item(&[])?;
        self.item(fragment)?;
        self.0.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        Ok(())
    }
}

impl Radiograph {
    /// The whole file, preamble first.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        let area = usize::from(self.rows) * usize::from(self.columns);
        ensure!(
            self.pixels.len() == area,
            "{}: {} pixels, not {area}",
            self.title,
            self.pixels.len()
        );
        let mut file = vec![0_u8; 128];
        file.extend(b"DICM");
        file.extend(self.meta()?.0);
        let mut data = Elements::default();
        self.identification(&mut data)?;
        self.image(&mut data)?;
        match self.storage {
            Storage::Plain => data.words((0x7FE0, 0x0010), "OW", &self.pixels)?,
            Storage::Rle => {
                let frame = rle::frame(&self.pixels, usize::from(self.columns))?;
                data.fragments((0x7FE0, 0x0010), &frame)?;
            }
        }
        file.extend(data.0);
        Ok(file)
    }

    fn instance_uid(&self) -> String {
        format!("{UID_ROOT}.3.{}", self.number)
    }

    fn meta(&self) -> Result<Elements> {
        let mut body = Elements::default();
        body.header((0x0002, 0x0001), "OB", 2)?;
        body.0.extend([0, 1]);
        body.text((0x0002, 0x0002), "UI", DX_FOR_PRESENTATION)?;
        body.text((0x0002, 0x0003), "UI", &self.instance_uid())?;
        body.text((0x0002, 0x0010), "UI", self.storage.transfer_syntax())?;
        body.text((0x0002, 0x0012), "UI", UID_ROOT)?;
        body.text((0x0002, 0x0013), "SH", "OVERREAD_PHANTOM")?;
        let mut meta = Elements::default();
        meta.header((0x0002, 0x0000), "UL", 4)?;
        meta.0.extend(u32::try_from(body.0.len())?.to_le_bytes());
        meta.0.extend(body.0);
        Ok(meta)
    }

    fn identification(&self, data: &mut Elements) -> Result<()> {
        data.text((0x0008, 0x0008), "CS", "DERIVED\\PRIMARY")?;
        data.text((0x0008, 0x0016), "UI", DX_FOR_PRESENTATION)?;
        data.text((0x0008, 0x0018), "UI", &self.instance_uid())?;
        data.text((0x0008, 0x0020), "DA", "20200101")?;
        data.text((0x0008, 0x0030), "TM", "120000")?;
        data.text((0x0008, 0x0050), "SH", "")?;
        data.text((0x0008, 0x0060), "CS", "DX")?;
        data.text((0x0008, 0x0068), "CS", "FOR PRESENTATION")?;
        data.text((0x0008, 0x0070), "LO", "Overread phantom generator")?;
        data.text((0x0008, 0x0090), "PN", "")?;
        data.text((0x0008, 0x103E), "LO", self.title)?;
        data.text((0x0010, 0x0010), "PN", "PHANTOM^SYNTHETIC")?;
        data.text((0x0010, 0x0020), "LO", "PHANTOM")?;
        data.text((0x0010, 0x0030), "DA", "")?;
        data.text((0x0010, 0x0040), "CS", "O")?;
        data.text((0x0018, 0x0015), "CS", self.body_part)?;
        let spacing = format!("{0}\\{0}", self.spacing_mm);
        data.text((0x0018, 0x1164), "DS", &spacing)?;
        data.text((0x0018, 0x5101), "CS", self.view)?;
        data.text((0x0020, 0x000D), "UI", &format!("{UID_ROOT}.1.{}", self.number))?;
        data.text((0x0020, 0x000E), "UI", &format!("{UID_ROOT}.2.{}", self.number))?;
        data.text((0x0020, 0x0010), "SH", "PHANTOM")?;
        data.text((0x0020, 0x0011), "IS", "1")?;
        data.text((0x0020, 0x0013), "IS", &self.number.to_string())?;
        data.text((0x0020, 0x0020), "CS", "L\\F")?;
        data.text((0x0020, 0x0062), "CS", "U")
    }

    fn image(&self, data: &mut Elements) -> Result<()> {
        data.words((0x0028, 0x0002), "US", &[1])?;
        data.text((0x0028, 0x0004), "CS", self.photometric)?;
        data.words((0x0028, 0x0010), "US", &[self.rows])?;
        data.words((0x0028, 0x0011), "US", &[self.columns])?;
        if self.calibrated {
            let spacing = format!("{0}\\{0}", self.spacing_mm);
            data.text((0x0028, 0x0030), "DS", &spacing)?;
        }
        data.words((0x0028, 0x0100), "US", &[16])?;
        data.words((0x0028, 0x0101), "US", &[12])?;
        data.words((0x0028, 0x0102), "US", &[11])?;
        data.words((0x0028, 0x0103), "US", &[u16::from(self.signed)])?;
        data.text((0x0028, 0x0301), "CS", "NO")?;
        if self.calibrated {
            data.text((0x0028, 0x0A02), "CS", "GEOMETRY")?;
            data.text((0x0028, 0x0A04), "LO", "Drawn to scale")?;
        }
        data.text((0x0028, 0x1040), "CS", "LOG")?;
        let sign = if self.photometric == "MONOCHROME1" { 1_i16 } else { -1 };
        data.words((0x0028, 0x1041), "SS", &[sign.cast_unsigned()])?;
        let joined = |parts: Vec<String>| parts.join("\\");
        if !self.windows.is_empty() {
            let centres = joined(self.windows.iter().map(|w| w.1.to_string()).collect());
            let widths = joined(self.windows.iter().map(|w| w.2.to_string()).collect());
            data.text((0x0028, 0x1050), "DS", &centres)?;
            data.text((0x0028, 0x1051), "DS", &widths)?;
        }
        data.text((0x0028, 0x1052), "DS", &self.intercept.to_string())?;
        data.text((0x0028, 0x1053), "DS", "1")?;
        data.text((0x0028, 0x1054), "LO", "US")?;
        if !self.windows.is_empty() {
            let names = joined(self.windows.iter().map(|w| w.0.to_owned()).collect());
            data.text((0x0028, 0x1055), "LO", &names)?;
        }
        data.text((0x0028, 0x2110), "CS", "00")?;
        if !self.luts.is_empty() {
            let items = self.luts.iter().map(lut_item).collect::<Result<Vec<_>>>()?;
            data.sequence((0x0028, 0x3010), &items)?;
        }
        let shape = if self.photometric == "MONOCHROME1" { "INVERSE" } else { "IDENTITY" };
        data.text((0x2050, 0x0020), "CS", shape)
    }
}

fn lut_item(lut: &Lut) -> Result<Elements> {
    let mut item = Elements::default();
    item.words((0x0028, 0x3002), "US", &[u16::try_from(lut.entries.len())?, 0, 16])?;
    item.text((0x0028, 0x3003), "LO", lut.explanation)?;
    item.words((0x0028, 0x3006), "OW", &lut.entries)?;
    Ok(item)
}
