using System.Text;
using DemEngine.Tests;
using DemEngine.Training.Reports;

namespace DemEngine.Training.Tests.Reports;

public class EventFileTests
{
    [Test]
    public void The_steps_read_back_with_right_checksums()
    {
        using var folder = new TempFolder();
        TrainingStep[] steps =
        [
            new(0, null, 0, 0, 0, 0, 3.5, true),
            new(1, 3.25, 1e-3, 0.75, 300, 40, null, false),
            new(200, 1.5, 2e-3, 0.5, 128, 64, 1.25, true),
        ];
        string path;
        using (var file = new EventFile(folder.PathOf("runs/a")))
        {
            path = file.Path;
            foreach (TrainingStep step in steps)
                file.Append(step);
        }

        Assert.That(Path.GetFileName(path), Does.StartWith("events.out.tfevents."));
        List<byte[]> records = Records(File.ReadAllBytes(path));
        Assert.That(records, Has.Count.EqualTo(4));
        Assert.That(Text(Fields(records[0]).Single(field => field.Number == 3)), Is.EqualTo("brain.Event:2"));
        Assert.That(
            records.Skip(1).SelectMany(Scalars),
            Is.EqualTo(new (long, string, float)[]
            {
                (0, "validation/loss", 3.5f),
                (1, "train/loss", 3.25f), (1, "train/learning_rate", 1e-3f), (1, "train/gradient_norm", 0.75f), (1, "train/tokens", 300),
                (200, "train/loss", 1.5f), (200, "train/learning_rate", 2e-3f), (200, "train/gradient_norm", 0.5f), (200, "train/tokens", 128),
                (200, "validation/loss", 1.25f),
            }));
        foreach (byte[] record in records)
            Assert.That(BitConverter.ToDouble(Fields(record).Single(field => field.Number == 1).Bytes), Is.GreaterThan(1.7e9));
    }

    [Test]
    public void A_second_file_does_not_replace_the_first()
    {
        using var folder = new TempFolder();
        using var one = new EventFile(folder.Path);
        using var two = new EventFile(folder.Path);
        Assert.That(one.Path, Is.Not.EqualTo(two.Path));
    }

    [Test]
    public void The_checksum_of_this_reader_is_the_published_one() =>
        Assert.That(Crc("123456789"u8.ToArray()), Is.EqualTo(0xE3069283));

    private static IEnumerable<(long Step, string Tag, float Value)> Scalars(byte[] record)
    {
        var fields = Fields(record);
        long step = fields.Where(field => field.Number == 2).Select(field => (long)field.Value).SingleOrDefault();
        foreach (var value in Fields(fields.Single(field => field.Number == 5).Bytes))
        {
            Assert.That(value.Number, Is.EqualTo(1));
            var parts = Fields(value.Bytes);
            yield return (step, Text(parts.Single(part => part.Number == 1)), BitConverter.ToSingle(parts.Single(part => part.Number == 2).Bytes));
        }
    }

    private static string Text((int Number, ulong Value, byte[] Bytes) field) => Encoding.UTF8.GetString(field.Bytes);

    private static List<byte[]> Records(byte[] file)
    {
        var records = new List<byte[]>();
        for (int at = 0; at < file.Length;)
        {
            int length = (int)BitConverter.ToUInt64(file, at);
            Assert.That(BitConverter.ToUInt32(file, at + 8), Is.EqualTo(Masked(file[at..(at + 8)])));
            records.Add(file[(at + 12)..(at + 12 + length)]);
            Assert.That(BitConverter.ToUInt32(file, at + 12 + length), Is.EqualTo(Masked(records[^1])));
            at += length + 16;
        }

        return records;
    }

    private static List<(int Number, ulong Value, byte[] Bytes)> Fields(byte[] message)
    {
        var fields = new List<(int, ulong, byte[])>();
        int at = 0;
        ulong Number()
        {
            ulong number = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte next = message[at++];
                number |= (ulong)(next & 0x7F) << shift;
                if (next < 0x80)
                    return number;
            }
        }

        while (at < message.Length)
        {
            ulong tag = Number();
            ulong value = (tag & 7) is 0 ? Number() : 0;
            int length = (tag & 7) switch { 0 => 0, 1 => 8, 5 => 4, _ => (int)Number() };
            fields.Add(((int)(tag >> 3), value, message[at..(at + length)]));
            at += length;
        }

        return fields;
    }

    private static uint Masked(byte[] bytes)
    {
        uint crc = Crc(bytes);
        return unchecked(((crc >> 15) | (crc << 17)) + 0xa282ead8u);
    }

    // Castagnoli's polynomial, bit by bit.
    private static uint Crc(byte[] bytes)
    {
        uint crc = ~0u;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
        }

        return ~crc;
    }
}
