namespace DemEngine.Cli.Tests;

/// <summary>A merge that dies without a chance to tidy up goes on from there, and what comes out is the same to the byte.</summary>
[Platform(Include = "Unix")]
public class KillTests
{
    private const int Moments = 10;

    private ModelFamily _family = null!;
    private int _tensors;

    [OneTimeSetUp]
    public void MakeFamily()
    {
        _family = new ModelFamily(ModelFamily.Deep, sources: 3);
        _tensors = DemProcess.Run(Merge("whole", "--json")).Expect(0).Json.GetProperty("tensors").GetInt32();
    }

    [OneTimeTearDown]
    public void DeleteFamily() => _family.Dispose();

    [Test]
    public void Killed_at_ten_moments()
    {
        int killed = 0;
        for (int moment = 0; moment < Moments; moment++)
        {
            string output = $"killed {moment}";
            if (KillAt(output, _tensors * moment / Moments))
            {
                killed++;
                int resumed = Resume(output);
                Assert.That(resumed, Is.GreaterThanOrEqualTo(_tensors * moment / Moments), "what was finished is kept");
                TestContext.Out.WriteLine($"{output}: {resumed} of {_tensors} tensors were finished");
            }

            _family.ExpectSame(output, "whole");
        }

        // The last kills may come too late; the first ones never.
        Assert.That(killed, Is.GreaterThanOrEqualTo(7));
    }

    [Test]
    public void Killed_again_and_again()
    {
        const int times = 4;
        int killed = 0;
        while (killed < times && KillAt("again", _tensors * killed / times, killed > 0 ? ["--resume"] : []))
            killed++;
        Assert.That(killed, Is.GreaterThanOrEqualTo(3));
        if (killed == times)
            Resume("again");
        _family.ExpectSame("again", "whole");
    }

    [Test]
    public void Killed_while_it_is_published()
    {
        if (KillWhen("published", () => File.Exists(Path.Combine(_family.Staging("published"), "dem-manifest.json"))) && !Directory.Exists(_family.PathOf("published")))
            Resume("published");
        _family.ExpectSame("published", "whole");
    }

    [Test]
    public void Killed_while_it_replaces_another()
    {
        Dem.Run(Merge("replaced")).Expect(0);
        string stamp = Path.Combine(_family.PathOf("replaced"), "added later");
        File.WriteAllText(stamp, "");
        Assert.That(KillWhen("replaced", () => _family.FinishedTensors("replaced") >= _tensors / 2, "--overwrite"));
        Assert.That(File.Exists(stamp), "until the new one is complete the old one stays");
        Resume("replaced", "--overwrite");
        Assert.That(File.Exists(stamp), Is.False);
        _family.ExpectSame("replaced", "whole");
    }

    [Test]
    public void What_was_damaged_meanwhile_is_made_again()
    {
        Assert.That(KillAt("damaged", _tensors / 2));
        foreach (string shard in Directory.GetFiles(_family.Staging("damaged"), "*.safetensors").Order().Take(2))
        {
            using var file = new FileStream(shard, FileMode.Open);
            file.Position = file.Length / 3;
            file.Write(new byte[100]);
        }

        File.AppendAllText(Path.Combine(_family.Staging("damaged"), "dem-journal.jsonl"), "{\"Tensor\":\"model.no");
        Assert.That(Resume("damaged"), Is.LessThan(_tensors));
        _family.ExpectSame("damaged", "whole");
    }

    private bool KillAt(string output, int tensors, params string[] more) => KillWhen(output, () => _family.FinishedTensors(output) >= tensors, more);

    /// <summary>False if it was done before.</summary>
    private bool KillWhen(string output, Func<bool> condition, params string[] more)
    {
        using DemProcess process = DemProcess.Start(Merge(output, ["--threads", "1", .. more]));
        if (!process.WaitUntil(condition))
        {
            process.Wait().Expect(0);
            return false;
        }

        process.Kill();
        return true;
    }

    private int Resume(string output, params string[] more) =>
        Dem.Run(Merge(output, ["--resume", "--json", .. more])).Expect(0).Json.GetProperty("resumed").GetInt32();

    private string[] Merge(string output, params string[] more) =>
        ["merge", _family.Recipe, "--out", _family.PathOf(output), "--max-shard-size", "2MB", .. more];
}
