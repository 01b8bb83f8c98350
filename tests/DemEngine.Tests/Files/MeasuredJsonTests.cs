using System.Text;
using System.Text.Json;
using DemEngine.Files;

namespace DemEngine.Tests.Files;

/// <summary>JSON is written into memory of exactly its length.</summary>
public sealed class MeasuredJsonTests
{
    [Test]
    public void The_text_is_the_same_as_in_a_buffer_that_grows([Values(0, 1, 7, 100, 5000)] int names, [Values] bool isIndented)
    {
        var random = new Random(names);
        string[] values = [.. Enumerable.Range(0, names).Select(_ => new string('\u00e9', random.Next(3000)) + "\"<\n")];
        void Write(Utf8JsonWriter json)
        {
            json.WriteStartObject();
            for (int k = 0; k < names; k++)
                json.WriteString($"name{k}", values[k]);
            json.WriteEndObject();
        }

        var options = new JsonWriterOptions { Indented = isIndented };
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, options))
            Write(json);

        byte[] text = new byte[MeasuredJson.LengthOf(Write, options) + 1];
        MeasuredJson.Fill(Write, options, text.AsMemory(0, text.Length - 1));
        Assert.That(Encoding.UTF8.GetString(text), Is.EqualTo(Encoding.UTF8.GetString(stream.ToArray()) + "\0"));
    }
}
