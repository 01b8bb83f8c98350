using DemEngine.Backends;
using DemEngine.Cli.Options;

namespace DemEngine.Cli.Tests;

public class BackendFactoryTests
{
    [TestCase("auto")]
    [TestCase("cpu")]
    [TestCase("cuda")]
    [TestCase("cuda:1")]
    [TestCase("cuda:all")]
    [TestCase("opencl:0")]
    [TestCase("ilgpu-cpu")]
    public void Backends_are_known_whatever_the_machine_has(string name) => Assert.That(BackendFactory.IsName(name), Is.True);

    [TestCase("")]
    [TestCase("gpu")]
    [TestCase("cuda:")]
    [TestCase("cuda:x")]
    [TestCase("cuda:0:1")]
    [TestCase("ilgpu-cpu:0")]
    [TestCase("cuda:all:0")]
    [TestCase("opencl:all")]
    public void Other_names_are_refused(string name) => Assert.That(BackendFactory.IsName(name), Is.False);

    [Test]
    public void Simulation_opens_everywhere()
    {
        using IMergeBackend backend = BackendFactory.Open("ilgpu-cpu", 1_000_000, _ => { });
        Assert.That(backend.Name, Is.EqualTo("ilgpu-cpu"));
    }

    [Test]
    public void Auto_opens_something_everywhere_and_says_what()
    {
        var remarks = new List<string>();
        using IMergeBackend backend = BackendFactory.Open("auto", 1_000_000, remarks.Add);
        Assert.That(backend.Name, Is.EqualTo("cpu").Or.StartWith("cuda:"));
        Assert.That(remarks, Has.Count.EqualTo(1));
        Assert.That(remarks[0], Does.Match($@"^auto: {backend.Name} \(.+\)$"));
    }
}
